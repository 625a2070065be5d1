package dev.holdfast.crds.machine;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import dev.holdfast.crds.Condition;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The machine as it is, written by the operator. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record VirtualMachineStatus(
    @Nullable Long observedGeneration,
    @Nullable PrintableStatus printableStatus,
    @Nullable String nodeName,
    @Nullable String uuid,
    @Nullable List<String> pendingChanges,
    @Nullable List<InterfaceStatus> interfaces,
    @Nullable List<Condition> conditions) {

  /** The state in one word, for people. */
  public enum PrintableStatus {
    @JsonProperty("Pending")
    PENDING,
    @JsonProperty("Unschedulable")
    UNSCHEDULABLE,
    @JsonProperty("Starting")
    STARTING,
    @JsonProperty("Running")
    RUNNING,
    @JsonProperty("Paused")
    PAUSED,
    @JsonProperty("Stopping")
    STOPPING,
    @JsonProperty("Stopped")
    STOPPED,
    @JsonProperty("CrashLoopBackOff")
    CRASH_LOOP_BACK_OFF,
    @JsonProperty("Unknown")
    UNKNOWN,
    @JsonProperty("HeldByUnreachableNode")
    HELD_BY_UNREACHABLE_NODE,
    @JsonProperty("Terminating")
    TERMINATING
  }

  /** Addresses of one interface. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record InterfaceStatus(
      String name, @Nullable String macAddress, @Nullable String ipAddress) {}
}
