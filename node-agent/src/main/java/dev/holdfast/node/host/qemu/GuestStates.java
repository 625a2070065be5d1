package dev.holdfast.node.host.qemu;

import dev.holdfast.node.plan.HostState.Guest;

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
      case "guest-panicked", "internal-error", "io-error", "watchdog" -> Guest.CRASHED;
      // A later QEMU may have more; what is not known must not be acted on.
      default -> Guest.UNKNOWN;
    };
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
