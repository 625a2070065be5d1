package dev.holdfast.node.host.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.node.plan.HostState.FailedDisk;
import dev.holdfast.node.plan.HostState.Guest;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/** QEMU's run states (QEMU QMP Reference Manual, RunState) as states of a guest. */
final class GuestStates {
  private GuestStates() {}

  /**
   * @param status as {@code query-status} gives it
   */
  static Guest of(String status) {
    return switch (status) {
      case "prelaunch", "inmigrate" -> Guest.PRELAUNCH;
      // A suspended guest sleeps by its own will and wakes up by its own timer or our button.
      case "running", "suspended" -> Guest.RUNNING;
      case "paused", "debug", "save-vm", "restore-vm", "finish-migrate", "postmigrate", "colo" ->
          Guest.PAUSED;
      case "shutdown" -> Guest.SHUTDOWN;
      case "io-error" -> Guest.IO_ERROR;
      case "guest-panicked", "internal-error", "watchdog" -> Guest.CRASHED;
      // A later QEMU may have more; what is not known must not be acted on.
      default -> Guest.UNKNOWN;
    };
  }

  /**
   * The disks whose I/O has failed since the guest was last resumed.
   *
   * @param blockDevices as {@code query-block} gives them (BlockInfo, io-status)
   */
  static List<FailedDisk> failedDisks(JsonNode blockDevices) {
    List<FailedDisk> failed = new ArrayList<>();
    for (JsonNode device : blockDevices) {
      String status = device.path("io-status").asText("ok");
      OptionalInt slot = QemuDevices.slot(device.path("inserted").path("node-name").asText());
      if (!status.equals("ok") && slot.isPresent()) {
        failed.add(new FailedDisk(slot.getAsInt(), status.equals("nospace")));
      }
    }
    return List.copyOf(failed);
  }

  /** Whether an event may mean another state. */
  static boolean mayChangeWith(String event) {
    return switch (event) {
      case "STOP",
          "RESUME",
          "SHUTDOWN",
          "SUSPEND",
          "SUSPEND_DISK",
          "WAKEUP",
          "GUEST_PANICKED",
          "GUEST_CRASHLOADED",
          "BLOCK_IO_ERROR",
          "WATCHDOG",
          "RESET" ->
          true;
      default -> false;
    };
  }
}
