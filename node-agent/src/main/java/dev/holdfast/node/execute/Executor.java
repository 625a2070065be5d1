package dev.holdfast.node.execute;

import dev.holdfast.crds.storage.VirtualDiskInstanceSpec;
import dev.holdfast.node.host.DiskHost;
import dev.holdfast.node.host.HostException;
import dev.holdfast.node.host.LeaseHost;
import dev.holdfast.node.host.MachineHost;
import dev.holdfast.node.host.NetworkHost;
import dev.holdfast.node.plan.Action;
import dev.holdfast.node.plan.Task;

/**
 * Carries out tasks, one action after the other. Tasks of different subjects may be executed at the
 * same time.
 */
public final class Executor {
  private final DiskHost disks;
  private final NetworkHost networks;
  private final MachineHost machines;
  private final LeaseHost leases;
  private final AuditLog audit;

  public Executor(
      DiskHost disks,
      NetworkHost networks,
      MachineHost machines,
      LeaseHost leases,
      AuditLog audit) {
    this.disks = disks;
    this.networks = networks;
    this.machines = machines;
    this.leases = leases;
    this.audit = audit;
  }

  /**
   * Carries out the actions of a task in their order.
   *
   * @throws HostException of the first action that fails; the actions after it are not tried
   */
  public void execute(Task task) throws HostException {
    for (Action action : task.actions()) {
      long start = System.nanoTime();
      try {
        perform(action);
      } catch (HostException e) {
        audit.failed(task.subject(), action, System.nanoTime() - start, e);
        throw e;
      }
      audit.done(task.subject(), action, System.nanoTime() - start);
    }
  }

  private void perform(Action action) throws HostException {
    switch (action) {
      case Action.CreateImage create -> disks.create(create.disk());
      case Action.DeleteImage delete -> disks.delete(delete.disk());
      case Action.GrantImage grant -> disks.setOwner(grant.path(), grant.uid());
      case Action.ShareImage share -> disks.share(share.path(), share.group());
      case Action.RevokeImage revoke -> disks.setOwner(revoke.path(), 0);
      case Action.EnsureBridge ensure -> networks.ensureBridge(ensure.bridge());
      case Action.RemoveBridge remove -> networks.removeBridge(remove.name());
      case Action.EnsureTap ensure -> networks.ensureTap(ensure.tap());
      case Action.RemoveTap remove -> networks.removeTap(remove.name());
      case Action.LaunchQemu launch -> machines.launch(launch.machine());
      case Action.Resume resume -> machines.resume(resume.uuid());
      case Action.Pause pause -> machines.pause(pause.uuid());
      case Action.PressPowerButton press -> machines.pressPowerButton(press.uuid());
      case Action.KillQemu kill -> {
        if (kill.orderly()) {
          machines.kill(kill.uuid());
        } else {
          machines.killAbruptly(kill.uuid());
        }
      }
      case Action.CleanMachine clean -> machines.clean(clean.uuid());
      case Action.FormatLockspace format -> {
        disks.makeParent(format.lockspace().path());
        leases.formatLockspace(format.lockspace());
      }
      case Action.JoinLockspace join -> leases.joinLockspace(join.lockspace());
      case Action.LeaveLockspace leave -> leases.leaveLockspace(leave.name());
      case Action.FormatLease format -> formatLease(format.disk());
      case Action.AcquireLeases acquire -> leases.acquire(acquire.uuid(), acquire.leases());
      case Action.ReleaseLeases release -> leases.release(release.uuid(), release.paused());
    }
  }

  private void formatLease(VirtualDiskInstanceSpec disk) throws HostException {
    VirtualDiskInstanceSpec.Lease lease = disk.lease();
    if (lease == null) {
      return;
    }
    switch (lease.backend()) {
      case OFD -> disks.makeParent(lease.path());
      case SANLOCK -> leases.formatLease(lease);
    }
  }
}
