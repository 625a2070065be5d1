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
 * @param leases those that the instance holds, or, when paused, must get again unchanged
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record VirtualMachineInstanceStatus(
    @Nullable Long observedGeneration,
    @Nullable Phase phase,
    @Nullable String startTime,
    @Nullable Integer restarts,
    @Nullable Long processId,
    @Nullable String qemuVersion,
    @Nullable List<HeldLease> leases,
    @Nullable List<Condition> conditions) {

  /** The leases, empty where there are none. */
  public List<HeldLease> leasesOrEmpty() {
    return leases == null ? List.of() : leases;
  }

  /**
   * A lease that the instance holds.
   *
   * @param disk name of the disk in the instance's spec
   * @param hostId the node's host id in the lockspace of a sanlock lease
   * @param generation of the host id
   * @param version of a sanlock lease
   * @param since when it was acquired, RFC 3339
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record HeldLease(
      String disk,
      @Nullable Integer hostId,
      @Nullable Long generation,
      @Nullable Long version,
      String since) {}

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
