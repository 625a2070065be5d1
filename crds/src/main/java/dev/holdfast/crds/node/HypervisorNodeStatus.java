package dev.holdfast.crds.node;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import dev.holdfast.crds.Condition;
import dev.holdfast.crds.machine.Accelerator;
import dev.holdfast.crds.machine.Architecture;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the node is and can do, written by its agent.
 *
 * @param cpus logical CPUs
 * @param memoryBytes memory of the host in bytes
 * @param machineTypes versioned machine types that QEMU offers, newest first
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record HypervisorNodeStatus(
    @Nullable Long observedGeneration,
    @Nullable Architecture architecture,
    @Nullable Integer cpus,
    @Nullable Long memoryBytes,
    @Nullable String kernelVersion,
    @Nullable String agentVersion,
    @Nullable String qemuVersion,
    @Nullable List<String> machineTypes,
    @Nullable List<AcceleratorStatus> accelerators,
    @Nullable List<PoolStatus> pools,
    @Nullable List<Condition> conditions) {

  /**
   * An accelerator and whether a probe guest ran under it.
   *
   * @param defaultCpuModel model of machines that name none
   * @param cpuModels models that the accelerator can run on this host
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record AcceleratorStatus(
      Accelerator name,
      boolean usable,
      @Nullable String reason,
      @Nullable String message,
      @Nullable String defaultCpuModel,
      @Nullable List<String> cpuModels) {}

  /**
   * A StoragePool as this node sees it.
   *
   * @param capacityBytes size of the file system that holds the pool in bytes
   * @param lockspace the node's part in the pool's sanlock lockspace, if it has one
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record PoolStatus(
      String name,
      boolean usable,
      @Nullable String reason,
      @Nullable String message,
      @Nullable Long capacityBytes,
      @Nullable Lockspace lockspace) {}

  /**
   * A node's part in a sanlock lockspace.
   *
   * @param hostId from 1
   * @param generation how often the host id was acquired, or null until the node has it
   * @param fencingLevel from 1 to 3: the keeper, also the kernel, also a watchdog kills machines
   *     whose leases cannot be renewed
   * @param message what is wrong, or null
   * @param peers other host ids that are not renewed, as the storage shows them
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Lockspace(
      int hostId,
      @Nullable Long generation,
      LockspacePhase phase,
      @Nullable Integer fencingLevel,
      @Nullable String message,
      @Nullable List<Peer> peers) {

    /** The peers, empty where there are none. */
    public List<Peer> peersOrEmpty() {
      return peers == null ? List.of() : peers;
    }
  }

  /** How far a node's part in a lockspace is. */
  public enum LockspacePhase {
    @JsonProperty("Joining")
    JOINING,
    @JsonProperty("Live")
    LIVE,
    /** Not renewed for 6 times the I/O timeout. */
    @JsonProperty("Late")
    LATE,
    /** Not renewed for 8 times the I/O timeout; machines with leases are killed. */
    @JsonProperty("Failed")
    FAILED
  }

  /**
   * Another host id as the storage shows it.
   *
   * @param generation that was given back or is not renewed
   * @param deadAt when a failing one will be dead unless it is renewed before, RFC 3339
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Peer(int hostId, long generation, PeerState state, @Nullable String deadAt) {}

  /**
   * How another host id is; those that are renewed, never were, or are not known yet are absent.
   */
  public enum PeerState {
    /** Was given back in order. */
    @JsonProperty("Free")
    FREE,
    /** Not renewed for 8 times its I/O timeout. */
    @JsonProperty("Failing")
    FAILING,
    /** Not renewed for so long that its leases may be taken over. */
    @JsonProperty("Dead")
    DEAD
  }
}
