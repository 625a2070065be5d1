package dev.holdfast.operator.disk;

import static dev.holdfast.operator.status.Metadata.isTerminating;

import dev.holdfast.crds.Condition;
import dev.holdfast.crds.Conditions;
import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.storage.VirtualDisk;
import dev.holdfast.crds.storage.VirtualDiskInstance;
import dev.holdfast.crds.storage.VirtualDiskInstanceStatus;
import dev.holdfast.crds.storage.VirtualDiskInstanceStatus.Phase;
import dev.holdfast.crds.storage.VirtualDiskStatus;
import dev.holdfast.crds.storage.VirtualDiskStatus.Holder;
import dev.holdfast.crds.storage.VirtualDiskStatus.PrintableStatus;
import dev.holdfast.operator.status.Reason;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The one place where a disk's status comes from. */
final class DiskStatusAggregator {
  static final String IN_USE = "InUse";

  /** Machines that are named in one text. */
  private static final int MOST_TOLD = 20;

  private DiskStatusAggregator() {}

  /**
   * What is known of a disk.
   *
   * @param instance the disk's own instance, or null if it has none
   * @param users the machines that have the disk attached, by name
   * @param holders those of them that hold its lease
   * @param obstacle why there is no instance or why it cannot be used, or null
   */
  record Situation(
      VirtualDisk disk,
      @Nullable VirtualDiskInstance instance,
      List<VirtualMachineInstance> users,
      List<Holder> holders,
      @Nullable Obstacle obstacle) {
    Situation {
      users = List.copyOf(users);
      holders = List.copyOf(holders);
    }
  }

  /** What keeps a disk from being made or used. */
  record Obstacle(Reason reason, String message) {}

  static VirtualDiskStatus evaluate(Situation situation, Instant now) {
    VirtualDisk disk = situation.disk();
    VirtualDiskInstance instance = situation.instance();
    VirtualDiskStatus before = disk.getStatus();
    Conditions conditions =
        new Conditions(
            before == null ? null : before.conditions(), disk.getMetadata().getGeneration(), now);
    PrintableStatus printable = addReadiness(conditions, situation);
    boolean used = !situation.users().isEmpty();
    conditions.add(
        IN_USE,
        used,
        (used ? Reason.ATTACHED : Reason.NOT_IN_USE).text(),
        used ? attached(situation) : "No machine has the disk attached.");
    return new VirtualDiskStatus(
        disk.getMetadata().getGeneration(),
        printable,
        instance == null ? null : instance.getSpec().nodeName(),
        instance == null ? null : instance.getSpec().path(),
        used ? names(situation.users()) : null,
        situation.holders().isEmpty() ? null : situation.holders(),
        conditions.toList());
  }

  private static PrintableStatus addReadiness(Conditions conditions, Situation situation) {
    VirtualDiskInstance instance = situation.instance();
    boolean used = !situation.users().isEmpty();
    if (isTerminating(situation.disk())) {
      Obstacle obstacle = situation.obstacle();
      working(
          conditions,
          (obstacle == null ? Reason.TERMINATING : obstacle.reason()).text(),
          used
              ? "Waiting for VirtualMachine "
                  + placed(situation.users())
                  + " to be halted or deleted."
              : obstacle == null ? "The disk is being deleted." : obstacle.message());
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
    Obstacle obstacle = situation.obstacle();
    if (obstacle != null) {
      conditions.add(Condition.READY, false, obstacle.reason().text(), obstacle.message());
      conditions.add(Condition.STALLED, true, obstacle.reason().text(), obstacle.message());
      return PrintableStatus.FAILED;
    }
    return addReadiness(conditions, instance, used);
  }

  private static PrintableStatus addReadiness(
      Conditions conditions, VirtualDiskInstance instance, boolean used) {
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
        yield used ? PrintableStatus.IN_USE : PrintableStatus.AVAILABLE;
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

  /** The machines and who of them holds the lease, in one sentence. */
  private static String attached(Situation situation) {
    StringBuilder text =
        new StringBuilder("VirtualMachine ")
            .append(placed(situation.users()))
            .append(situation.users().size() == 1 ? " has" : " have")
            .append(" the disk attached.");
    if (!situation.holders().isEmpty()) {
      text.append(" Its lease is held by ")
          .append(
              told(
                  situation.holders().stream()
                      .map(holder -> holder.machine() + " since " + holder.since())
                      .toList()))
          .append('.');
    }
    return text.toString();
  }

  private static String placed(List<VirtualMachineInstance> users) {
    return told(
        users.stream()
            .map(user -> user.getMetadata().getName() + " on node " + user.getSpec().nodeName())
            .toList());
  }

  private static String names(List<VirtualMachineInstance> users) {
    return told(users.stream().map(user -> user.getMetadata().getName()).toList());
  }

  private static String told(List<String> items) {
    int more = items.size() - MOST_TOLD;
    return String.join(", ", items.subList(0, Math.min(MOST_TOLD, items.size())))
        + (more > 0 ? " and " + more + " more" : "");
  }

  private static void working(Conditions conditions, String reason, String message) {
    conditions.add(Condition.READY, false, reason, message);
    conditions.add(Condition.RECONCILING, true, reason, message);
  }
}
