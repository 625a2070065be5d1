package dev.holdfast.crds.machine;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import dev.holdfast.crds.Condition;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The instance as it is on the node, written by that node's agent.
 *
 * @param startTime when the running QEMU was started, RFC 3339
 * @param restarts how often QEMU was started again since the instance was made
 * @param processId QEMU's process id on the node
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record VirtualMachineInstanceStatus(
    @Nullable Long observedGeneration,
    @Nullable Phase phase,
    @Nullable String startTime,
    @Nullable Integer restarts,
    @Nullable Long processId,
    @Nullable String qemuVersion,
    @Nullable List<Condition> conditions) {

  /** Where the instance is in its life; Succeeded and Failed are final. */
  public enum Phase {
    @JsonProperty("Pending")
    PENDING,
    @JsonProperty("Starting")
    STARTING,
    @JsonProperty("Running")
    RUNNING,
    @JsonProperty("Paused")
    PAUSED,
    @JsonProperty("Stopping")
    STOPPING,
    @JsonProperty("Succeeded")
    SUCCEEDED,
    @JsonProperty("Failed")
    FAILED,
    @JsonProperty("CrashLoopBackOff")
    CRASH_LOOP_BACK_OFF,
    @JsonProperty("Unknown")
    UNKNOWN
  }
}
