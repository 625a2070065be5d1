package dev.holdfast.node.plan;

import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Lease;
import dev.holdfast.crds.storage.VirtualDiskInstanceSpec;
import dev.holdfast.node.plan.HostLeases.LockspaceDefinition;
import dev.holdfast.node.plan.HostState.BridgeDefinition;
import dev.holdfast.node.plan.HostState.TapDefinition;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One change of the host, as data. Every action may be repeated: done twice it does no more than
 * once.
 */
public sealed interface Action {

  /** Makes a disk image that is not there yet. */
  record CreateImage(VirtualDiskInstanceSpec disk) implements Action {}

  /** Deletes a disk image of ours for good. */
  record DeleteImage(VirtualDiskInstanceSpec disk) implements Action {}

  /** Makes a bridge with address, packet filter and DHCP server, or brings it up to date. */
  record EnsureBridge(BridgeDefinition bridge) implements Action {}

  record RemoveBridge(String name) implements Action {}

  record EnsureTap(TapDefinition tap) implements Action {}

  record RemoveTap(String name) implements Action {}

  /** Gives an image to the user that QEMU runs as. */
  record GrantImage(String path, int uid) implements Action {}

  /** Gives an image to the group of all machines that share it. */
  record ShareImage(String path, int group) implements Action {}

  /** Gives an image back to root. */
  record RevokeImage(String path) implements Action {}

  /** Starts QEMU with stopped CPUs and waits until it answers. */
  record LaunchQemu(Desired.Machine machine) implements Action {}

  /** Lets the virtual CPUs run. */
  record Resume(String uuid) implements Action {}

  /** Stops the virtual CPUs. */
  record Pause(String uuid) implements Action {}

  /** Presses the power button of the guest. */
  record PressPowerButton(String uuid) implements Action {}

  /**
   * Ends QEMU at once and waits until its process is reaped.
   *
   * @param orderly whether QEMU may flush and close its images first, which only the holder of
   *     their leases may
   */
  record KillQemu(String uuid, boolean orderly) implements Action {}

  /**
   * Removes what an ended QEMU has left behind: runtime directory and the keeper's memory of it.
   */
  record CleanMachine(String uuid) implements Action {}

  /** Makes a lockspace on the storage where there is none. */
  record FormatLockspace(LockspaceDefinition lockspace) implements Action {}

  /** Begins to join a lockspace; it is joined when its state says so. */
  record JoinLockspace(LockspaceDefinition lockspace) implements Action {}

  record LeaveLockspace(String name) implements Action {}

  /**
   * Makes what the lease of a disk needs where it is not there: a directory, and for sanlock, whose
   * lockspace is joined, the lease itself.
   */
  record FormatLease(VirtualDiskInstanceSpec disk) implements Action {}

  /** Acquires leases for a machine, all or none. */
  record AcquireLeases(String uuid, List<LeaseOfDisk> leases) implements Action {
    public AcquireLeases {
      leases = List.copyOf(leases);
    }
  }

  /**
   * Gives back all leases of a machine.
   *
   * @param paused whether its QEMU lives and its guest was stopped; otherwise the process is gone
   */
  record ReleaseLeases(String uuid, boolean paused) implements Action {}

  /**
   * A lease that is to be acquired.
   *
   * @param disk the disk's name in the machine
   * @param version that it must have, or null for any
   */
  record LeaseOfDisk(String disk, Lease lease, @Nullable Long version) {}
}
