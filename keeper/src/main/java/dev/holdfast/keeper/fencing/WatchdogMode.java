package dev.holdfast.keeper.fencing;

/** Whether a watchdog shall end the host where the keeper and the kernel cannot end a machine. */
public enum WatchdogMode {
  /** Where wdmd answers. */
  AUTO,
  OFF,
  /** Without it no machine with renewed leases is started. */
  REQUIRED
}
