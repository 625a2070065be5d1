package dev.holdfast.node.plan;

import dev.holdfast.crds.storage.DiskFormat;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a host has, as read from the host itself.
 *
 * @param machines by UUID: every machine of which the host shows a process or a runtime directory
 * @param images by path: the images that were looked at; one that is not there is {@link
 *     Image.Absent}
 * @param bridges by name: the bridges that are provably ours
 * @param taps by name: the tap devices that are provably ours
 * @param leases what the keeper holds for machines
 */
public record HostState(
    Map<String, Machine> machines,
    Map<String, Image> images,
    Map<String, Bridge> bridges,
    Map<String, Tap> taps,
    HostLeases leases) {

  public static final HostState EMPTY = new HostState(Map.of(), Map.of(), Map.of(), Map.of());

  public HostState {
    machines = Map.copyOf(machines);
    images = Map.copyOf(images);
    bridges = Map.copyOf(bridges);
    taps = Map.copyOf(taps);
  }

  /** Without leases. */
  public HostState(
      Map<String, Machine> machines,
      Map<String, Image> images,
      Map<String, Bridge> bridges,
      Map<String, Tap> taps) {
    this(machines, images, bridges, taps, HostLeases.NONE);
  }

  /** The same when the machine has released all its leases. */
  HostState withoutLeases(String uuid) {
    Map<String, List<HostLeases.Held>> held = new HashMap<>(leases.held());
    held.remove(uuid);
    return new HostState(
        machines, images, bridges, taps, new HostLeases(held, leases.lockspaces()));
  }

  /**
   * A machine on the host.
   *
   * @param process its QEMU process
   * @param guest what QEMU says of the guest; {@link Guest#UNKNOWN} without a running process or an
   *     answer
   * @param powerButtonAt when the power button was last pressed, or null; forgotten with a restart
   *     of the agent
   * @param failedDisks the disks for which a guest is in {@link Guest#IO_ERROR}, else empty
   */
  public record Machine(
      String uuid,
      QemuProcess process,
      Guest guest,
      @Nullable Instant powerButtonAt,
      List<FailedDisk> failedDisks) {

    public Machine {
      failedDisks = List.copyOf(failedDisks);
    }

    public Machine(String uuid, QemuProcess process, Guest guest, @Nullable Instant powerButtonAt) {
      this(uuid, process, guest, powerButtonAt, List.of());
    }
  }

  /**
   * A disk whose I/O the host could not do.
   *
   * @param slot of the disk in its machine
   * @param noSpace whether it was for want of space and not for another error
   */
  public record FailedDisk(int slot, boolean noSpace) {}

  /** A QEMU process. */
  public sealed interface QemuProcess {
    /** No process, only a runtime directory that one has left behind. */
    record None() implements QemuProcess {}

    /**
     * A living process.
     *
     * @param startedAt when it was started
     * @param qemuVersion as QEMU reports it, or null before it has answered
     */
    record Running(long processId, Instant startedAt, @Nullable String qemuVersion)
        implements QemuProcess {}

    /**
     * A process that has ended and been reaped.
     *
     * @param description how it ended, such as {@code killed by signal 9} or {@code exit status 1}
     * @param stderr the end of what it wrote, perhaps empty
     */
    record Exited(String description, String stderr, Instant at) implements QemuProcess {}
  }

  /** The guest's state, from QMP {@code query-status} (QEMU QMP reference, RunState). */
  public enum Guest {
    /** Started with -S and never resumed. */
    PRELAUNCH,
    RUNNING,
    /** Stopped by us. */
    PAUSED,
    /** The guest has powered itself off; QEMU waits ({@code -action shutdown=pause}). */
    SHUTDOWN,
    /** The guest has panicked or QEMU cannot run it any further. */
    CRASHED,
    /**
     * QEMU stopped the guest because the host could not do its disk I/O, such as for want of space.
     */
    IO_ERROR,
    UNKNOWN
  }

  /** A disk image at a path. */
  public sealed interface Image {
    record Absent() implements Image {}

    /**
     * An image that can be used.
     *
     * @param ownerUid user that owns the file, and alone may open it unless there is a group
     * @param group whose members may open it, where it is root's and shared; else 0
     */
    record Present(DiskFormat format, long capacityBytes, int ownerUid, int group)
        implements Image {
      /** An image of one user. */
      public Present(DiskFormat format, long capacityBytes, int ownerUid) {
        this(format, capacityBytes, ownerUid, 0);
      }
    }

    /** Something that is no image or cannot be read; never touched. */
    record Unusable(String reason) implements Image {}
  }

  /**
   * A bridge of ours.
   *
   * @param definition what it is configured for, with reservations in the order of their addresses
   * @param complete whether all of it (address, link up, packet filter, DHCP server) is as defined
   */
  public record Bridge(BridgeDefinition definition, boolean complete) {}

  /** A tap device of ours. */
  public record Tap(TapDefinition definition) {}

  /**
   * A bridge with what belongs to it.
   *
   * @param name at most 15 characters, begins with {@code hfb}
   * @param subnet IPv4 subnet in CIDR notation
   * @param gateway address of the bridge
   */
  public record BridgeDefinition(
      String name, String subnet, String gateway, Set<Reservation> reservations) {
    public BridgeDefinition {
      reservations = Set.copyOf(reservations);
    }
  }

  /** An address that DHCP hands out to one card only. */
  public record Reservation(String macAddress, String ipAddress, String hostName) {}

  /**
   * A tap device in a bridge.
   *
   * @param name at most 15 characters, begins with {@code hft}
   * @param ownerUid user that may open it
   * @param machineUuid machine that it belongs to
   */
  public record TapDefinition(String name, String bridge, int ownerUid, String machineUuid) {}

  /** The machines whose process lives. */
  public List<Machine> running() {
    return machines.values().stream()
        .filter(m -> m.process() instanceof QemuProcess.Running)
        .toList();
  }
}
