package dev.holdfast.keeper.sanlock.resource;

/** How a resource is held. */
public enum LeaseMode {
  /** By one host, and nobody else. */
  EXCLUSIVE,
  /** By any number of hosts, but none exclusively. */
  SHARED
}
