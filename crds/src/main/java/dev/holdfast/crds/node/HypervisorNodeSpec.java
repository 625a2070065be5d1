package dev.holdfast.crds.node;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the administrator says about the node.
 *
 * @param maintenance whether no machine is to be placed on it
 * @param taints what is wrong with it; any keeps new machines off
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record HypervisorNodeSpec(boolean maintenance, @Nullable List<Taint> taints) {
  /** Key of the taint that says that the node is off for certain. */
  public static final String OUT_OF_SERVICE = "node.kubernetes.io/out-of-service";

  /** The taints, empty where there are none. */
  public List<Taint> taintsOrEmpty() {
    return taints == null ? List.of() : taints;
  }

  /** Whether the administrator vouches for it that nothing runs on the node any more. */
  public boolean outOfService() {
    return taintsOrEmpty().stream().anyMatch(taint -> taint.key().equals(OUT_OF_SERVICE));
  }

  /** As of Kubernetes nodes. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Taint(String key, @Nullable String value, Effect effect) {}

  /** What a taint does; both keep new machines off. */
  public enum Effect {
    @JsonProperty("NoSchedule")
    NO_SCHEDULE,
    @JsonProperty("NoExecute")
    NO_EXECUTE
  }
}
