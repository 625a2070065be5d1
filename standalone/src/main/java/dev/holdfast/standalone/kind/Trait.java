package dev.holdfast.standalone.kind;

/** What distinguishes the behaviour of resources in ways that more than one of them shares. */
public enum Trait {
  /** Made by a CustomResourceDefinition. */
  CUSTOM,
  /** Has {@code metadata.generation}. */
  GENERATION,
  /** An update needs no resourceVersion. */
  UNCONDITIONAL_UPDATE,
  /** An update of what is missing creates it. */
  CREATE_ON_UPDATE,
  /** Takes strategic merge patches, because kubectl has its Go type compiled in. */
  STRATEGIC_MERGE,
  /** Can't be deleted as a collection. */
  NO_DELETE_COLLECTION
}
