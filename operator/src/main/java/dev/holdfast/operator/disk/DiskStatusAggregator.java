package dev.holdfast.operator.disk;

import static dev.holdfast.operator.status.Metadata.isTerminating;

import dev.holdfast.crds.Condition;
import dev.holdfast.crds.Conditions;
import dev.holdfast.crds.storage.VirtualDisk;
import dev.holdfast.crds.storage.VirtualDiskInstance;
import dev.holdfast.crds.storage.VirtualDiskInstanceStatus;
import dev.holdfast.crds.storage.VirtualDiskInstanceStatus.Phase;
import dev.holdfast.crds.storage.VirtualDiskStatus;
import dev.holdfast.crds.storage.VirtualDiskStatus.PrintableStatus;
import dev.holdfast.operator.status.Reason;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** The one place where a disk's status comes from. */
final class DiskStatusAggregator {
  static final String IN_USE = "InUse";

  private DiskStatusAggregator() {}

  /**
   * @param instance the disk's own instance, or null if it has none
   * @param usedBy the machine that has the disk attached, or null
   * @param obstacle why there is no instance, or null
   */
  record Situation(
      VirtualDisk disk,
      @Nullable VirtualDiskInstance instance,
      @Nullable String usedBy,
      @Nullable Obstacle obstacle) {}

  /** What keeps a disk from being made. */
  record Obstacle(Reason reason, String message) {}

  static VirtualDiskStatus evaluate(Situation situation, Instant now) {
    VirtualDisk disk = situation.disk();
    VirtualDiskInstance instance = situation.instance();
    VirtualDiskStatus before = disk.getStatus();
    Conditions conditions =
        new Conditions(
            before == null ? null : before.conditions(), disk.getMetadata().getGeneration(), now);
    PrintableStatus printable = addReadiness(conditions, situation);
    String usedBy = situation.usedBy();
    conditions.add(
        IN_USE,
        usedBy != null,
        (usedBy == null ? Reason.NOT_IN_USE : Reason.ATTACHED).text(),
        usedBy == null
            ? "No machine has the disk attached."
            : "VirtualMachine " + usedBy + " has the disk attached.");
    return new VirtualDiskStatus(
        disk.getMetadata().getGeneration(),
        printable,
        instance == null ? null : instance.getSpec().nodeName(),
        instance == null ? null : instance.getSpec().path(),
        usedBy,
        null,
        conditions.toList());
  }

  private static PrintableStatus addReadiness(Conditions conditions, Situation situation) {
    VirtualDiskInstance instance = situation.instance();
    String usedBy = situation.usedBy();
    if (isTerminating(situation.disk())) {
      working(
          conditions,
          Reason.TERMINATING.text(),
          usedBy == null
              ? "The disk is being deleted."
              : "Waiting for VirtualMachine " + usedBy + " to be halted or deleted.");
      return PrintableStatus.TERMINATING;
    }
    if (instance == null) {
      Obstacle obstacle = situation.obstacle();
      working(
          conditions,
          (obstacle == null ? Reason.CREATING : obstacle.reason()).text(),
          obstacle == null ? "Looking for a node." : obstacle.message());
      return PrintableStatus.PENDING;
    }
    return addReadiness(conditions, instance, usedBy);
  }

  private static PrintableStatus addReadiness(
      Conditions conditions, VirtualDiskInstance instance, @Nullable String usedBy) {
    String node = instance.getSpec().nodeName();
    VirtualDiskInstanceStatus status = instance.getStatus();
    Phase phase = status == null || status.phase() == null ? Phase.PENDING : status.phase();
    Condition said = status == null ? null : Condition.find(status.conditions(), Condition.READY);
    return switch (phase) {
      case PENDING, CREATING -> {
        working(
            conditions, Reason.CREATING.text(), "Waiting for node " + node + " to make the image.");
        yield PrintableStatus.CREATING;
      }
      case READY -> {
        conditions.add(
            Condition.READY, true, Reason.AVAILABLE.text(), "The image is on node " + node + ".");
        yield usedBy == null ? PrintableStatus.AVAILABLE : PrintableStatus.IN_USE;
      }
      case FAILED -> {
        String reason = said == null ? Reason.FAILED.text() : said.reason();
        String message = said == null ? "Node " + node + " cannot make the image." : said.message();
        // Only the agent knows whether it helps to try again, as where there is no room for now.
        if (status != null && Condition.isTrue(status.conditions(), Condition.STALLED)) {
          conditions.add(Condition.READY, false, reason, message);
          conditions.add(Condition.STALLED, true, reason, message);
        } else {
          working(conditions, reason, message);
        }
        yield PrintableStatus.FAILED;
      }
      case DELETING -> {
        working(
            conditions,
            Reason.TERMINATING.text(),
            "Waiting for node " + node + " to let go of the image.");
        yield PrintableStatus.PENDING;
      }
    };
  }

  private static void working(Conditions conditions, String reason, String message) {
    conditions.add(Condition.READY, false, reason, message);
    conditions.add(Condition.RECONCILING, true, reason, message);
  }
}
