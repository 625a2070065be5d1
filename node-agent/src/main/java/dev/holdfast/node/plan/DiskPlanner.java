package dev.holdfast.node.plan;

import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.crds.storage.LeaseBackend;
import dev.holdfast.crds.storage.ReclaimPolicy;
import dev.holdfast.crds.storage.VirtualDiskInstanceSpec;
import dev.holdfast.node.plan.HostState.Image;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Makes images that are missing and deletes those that were given up. */
final class DiskPlanner {
  private DiskPlanner() {}

  static Task plan(Desired desired, HostState observed, String path) {
    Subject subject = new Subject.Disk(path);
    Desired.Disk disk = desired.disks().get(path);
    if (disk == null) {
      return Task.of(subject, List.of());
    }
    Image image = observed.images().getOrDefault(path, new Image.Absent());
    if (disk.deleted()) {
      return giveUp(subject, disk, image, user(desired, observed, path));
    }
    return switch (image) {
      case Image.Absent absent when disk.made() ->
          Task.blocked(
              subject,
              "ImageLost",
              "the image "
                  + path
                  + " was there and is missing; put it back, or delete the VirtualDisk and apply it"
                  + " again for an empty one");
      case Image.Absent absent -> make(observed, subject, disk, true);
      case Image.Present present when !matches(present, disk.spec()) ->
          Task.blocked(
              subject,
              "ImageConflict",
              "%s is a %s image of %d bytes, wanted is %s with %d bytes; move it away or change the VirtualDisk"
                  .formatted(
                      path,
                      present.format().qemuName(),
                      present.capacityBytes(),
                      disk.spec().format().qemuName(),
                      disk.spec().capacityBytes()));
      case Image.Present present -> make(observed, subject, disk, false);
      case Image.Unusable unusable ->
          Task.blocked(subject, "ImageUnusable", path + " cannot be used: " + unusable.reason());
    };
  }

  /**
   * The lease comes before the image, so that an image whose making is on record has one; and also
   * for one that is taken over.
   */
  private static Task make(
      HostState observed, Subject subject, Desired.Disk disk, boolean withImage) {
    List<Action> actions = new ArrayList<>();
    VirtualDiskInstanceSpec.Lease lease = disk.spec().lease();
    if (!disk.made() && lease != null) {
      HostLeases.Lockspace lockspace =
          observed.leases().lockspaces().get(String.valueOf(lease.lockspace()));
      if (lease.backend() == LeaseBackend.SANLOCK
          && (lockspace == null || lockspace.phase() == null)) {
        return Task.blocked(
            subject,
            Task.Blocked.LOCKSPACE_NOT_READY,
            "its lease is to be in lockspace %s, %s"
                .formatted(lease.lockspace(), LeasePlanner.state(lockspace)));
      }
      actions.add(new Action.FormatLease(disk.spec()));
    }
    if (withImage) {
      actions.add(new Action.CreateImage(disk.spec()));
    }
    return Task.of(subject, actions);
  }

  static boolean matches(Image.Present image, VirtualDiskInstanceSpec spec) {
    return image.format() == spec.format()
        && image.capacityBytes() == roundedUpToSectors(spec.capacityBytes());
  }

  /** Images are made of whole sectors of 512 bytes. */
  private static long roundedUpToSectors(long bytes) {
    return (bytes + 511) / 512 * 512;
  }

  /** Name of a machine that has the image attached and is on the host or will be. */
  private static Optional<String> user(Desired desired, HostState observed, String path) {
    return desired.machines().values().stream()
        .filter(
            machine -> machine.wanted() || observed.machines().containsKey(machine.spec().uuid()))
        .filter(machine -> uses(machine.spec(), path))
        .map(Desired.Machine::name)
        .findFirst();
  }

  private static boolean uses(VirtualMachineInstanceSpec spec, String path) {
    return spec.disksOrEmpty().stream().anyMatch(disk -> disk.path().equals(path));
  }

  private static Task giveUp(
      Subject subject, Desired.Disk disk, Image image, Optional<String> user) {
    if (user.isPresent()) {
      return Task.blocked(
          subject,
          "InUse",
          disk.spec().path() + " is attached to " + user.get() + ", which must end first");
    }
    boolean keep = disk.spec().reclaimPolicy() == ReclaimPolicy.RETAIN;
    return switch (image) {
      case Image.Absent absent -> Task.release(subject);
      case Image.Unusable unusable -> Task.release(subject);
      case Image.Present present when keep || !matches(present, disk.spec()) ->
          Task.release(subject);
      case Image.Present present -> Task.of(subject, List.of(new Action.DeleteImage(disk.spec())));
    };
  }
}
