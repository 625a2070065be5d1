package dev.holdfast.node.host;

import dev.holdfast.crds.storage.VirtualDiskInstanceSpec;
import dev.holdfast.node.plan.Action.LeaseOfDisk;
import dev.holdfast.node.plan.HostLeases;
import dev.holdfast.node.plan.HostLeases.LockspaceDefinition;
import dev.holdfast.node.plan.Task;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Leases on disks, which keep two hosts from writing to one, and the lockspaces they are in. What
 * is asked may be asked again: done twice it does no more than once.
 */
public interface LeaseHost {
  /** Reason of a refusal: somebody else has the lease. */
  String DISK_HELD = "DiskHeld";

  /** Reason of a refusal: somebody else has had the lease since. */
  String VERSION_MISMATCH = "LeaseVersionMismatch";

  /** Reason of a refusal: the lockspace is not joined or not live. */
  String LOCKSPACE_NOT_READY = Task.Blocked.LOCKSPACE_NOT_READY;

  /** Reason of a refusal: whose the lease is cannot be known yet. */
  String LEASE_UNKNOWN = "LeaseUnknown";

  /** Reason of a refusal: the storage that the lease is on does not answer, or not in order. */
  String LEASE_STORAGE_FAILED = "LeaseStorageFailed";

  /** Reason of a refusal: nothing would stop the machine if the lease was lost. */
  String FENCING_UNAVAILABLE = "FencingUnavailable";

  /**
   * All reasons for which a lease is refused: no failure of the machine, which waits for somebody
   * else, or for the storage.
   */
  Set<String> REFUSALS =
      Set.of(
          DISK_HELD,
          VERSION_MISMATCH,
          LOCKSPACE_NOT_READY,
          LEASE_UNKNOWN,
          LEASE_STORAGE_FAILED,
          FENCING_UNAVAILABLE);

  /** Hears what changes by itself. Must not block. */
  interface Listener {
    /** The phase of a lockspace, or the state of another host in it, is a new one. */
    void lockspaceChanged(String name);

    /**
     * A machine was killed because its leases could no longer be vouched for; its process is gone.
     *
     * @param reason for a human
     */
    void leasesLost(String uuid, String reason);

    /** Something may have been missed: everything is to be looked at again. */
    void reconnected();
  }

  /**
   * How renewing goes in a lockspace, since the keeper has joined it.
   *
   * @param renewals those that succeeded
   * @param failures those that did not
   * @param lastLatency of reading the others and writing our record, at the last that succeeded
   * @param longestLatency the longest of them
   * @param lastRenewal when the last that succeeded began; null before the first
   * @param fencingLevel 1 to 3: what would stop the machines
   */
  record Renewals(
      String lockspace,
      boolean live,
      long renewals,
      long failures,
      Duration lastLatency,
      Duration longestLatency,
      @Nullable Instant lastRenewal,
      int fencingLevel) {}

  /** How renewing goes just now, in every lockspace that is joined. */
  List<Renewals> renewals() throws HostException;

  /** What is held for the machines of this host, and the lockspaces that it is in. */
  HostLeases leases() throws HostException;

  /** Has everything read afresh, in case an event was missed. */
  void refresh();

  /** Has the listener told from now on. */
  void listen(Listener listener);

  /**
   * Makes a lockspace on the storage; one of that name and geometry that is there is left alone.
   *
   * @throws HostException with reason {@code LeaseStorageFailed} when something else is in its
   *     place or the storage fails
   */
  void formatLockspace(LockspaceDefinition lockspace) throws HostException;

  /**
   * Begins to join a lockspace and returns at once.
   *
   * @throws HostException with reason {@code LockspaceMismatch} when it is joined in another way
   */
  void joinLockspace(LockspaceDefinition lockspace) throws HostException;

  /**
   * Gives the host id back; does nothing where it is not joined.
   *
   * @throws HostException with reason {@code LockspaceInUse} while machines hold leases in it
   */
  void leaveLockspace(String name) throws HostException;

  /**
   * Makes a sanlock lease on the storage; the same one that is there is left alone.
   *
   * @throws HostException with reason {@code LockspaceNotReady} when its lockspace is not joined,
   *     {@code LeaseStorageFailed} when something else is in its place or the storage fails
   */
  void formatLease(VirtualDiskInstanceSpec.Lease lease) throws HostException;

  /**
   * Acquires leases for a machine, all or none. Never waits for somebody else.
   *
   * @throws HostException with reason {@link #DISK_HELD}, {@link #VERSION_MISMATCH}, {@link
   *     #LOCKSPACE_NOT_READY}, {@code LeaseUnknown} when the storage failed in the midst, {@code
   *     LeaseStorageFailed} or {@code FencingUnavailable}; nothing is held then
   */
  void acquire(String uuid, List<LeaseOfDisk> leases) throws HostException;

  /**
   * Gives back whatever a machine holds.
   *
   * @param paused whether its process lives and its guest was stopped
   * @throws HostException with reason {@code StillRunning} when the process lives and {@code
   *     paused} is not said
   */
  void release(String uuid, boolean paused) throws HostException;
}
