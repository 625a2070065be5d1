package dev.holdfast.crds;

/** Names that operator, node agent and users agree on. */
public final class Holdfast {
  public static final String GROUP = "holdfast.dev";
  public static final String VERSION = "v1alpha1";
  public static final String API_VERSION = GROUP + "/" + VERSION;

  /** Namespace of the components' own objects: node heartbeats and the operator's leader lease. */
  public static final String SYSTEM_NAMESPACE = "holdfast-system";

  /** Field manager of everything that the operator writes. */
  public static final String OPERATOR_FIELD_MANAGER = "holdfast-operator";

  /** Field manager of everything that a node agent writes. */
  public static final String NODE_AGENT_FIELD_MANAGER = "holdfast-node-agent";

  /**
   * Held on a VirtualMachine until its instance is gone, and on a VirtualDisk while a machine uses
   * it.
   */
  public static final String OPERATOR_FINALIZER = GROUP + "/operator";

  /** Held on an instance until the node agent has undone it on the host. */
  public static final String NODE_AGENT_FINALIZER = GROUP + "/node-agent";

  /**
   * Annotation of the system namespace: the id that UUIDs, MAC addresses and names of bridges
   * derive from, where machines were moved here from another cluster. Without it the uid of
   * kube-system is.
   */
  public static final String CLUSTER_ID = GROUP + "/cluster-id";

  private Holdfast() {}
}
