package dev.holdfast.operator.status;

import java.util.Arrays;
import java.util.stream.Collectors;

/** Every reason that the operator itself gives in conditions and events. */
public enum Reason {
  // Machines
  HALTED,
  RUNNING,
  PAUSED,
  COMPLETED,
  STARTING,
  STOPPING,
  UPDATING,
  RESUMING,
  TERMINATING,
  FAILED,
  CRASH_LOOP_BACK_OFF,
  NODE_LOST,
  AGENT_ALIVE,
  OLD_INSTANCE_TERMINATING,
  UNSCHEDULABLE,
  SPEC_CHANGED,
  DISK_NOT_FOUND,
  DISK_NOT_READY,
  DISK_IN_USE,
  NETWORK_NOT_FOUND,
  NETWORK_NOT_READY,
  ADDRESSES_EXHAUSTED,
  MAC_ADDRESS_IN_USE,
  POOL_NOT_FOUND,
  HELD_BY_UNREACHABLE_NODE,

  // Disks
  AVAILABLE,
  CREATING,
  NO_USABLE_NODE,
  NOT_IN_USE,
  ATTACHED,
  MOVING,
  LOCKSPACE_NOT_READY,
  LEASE_INVALID,
  LEASE_IN_USE,

  // Networks and pools
  ADDRESSES_ASSIGNED,
  SUBNET_OVERLAPS,
  USABLE,
  LEASES_ENFORCED,
  LEASES_DISABLED,
  LOCKSPACE_IN_USE,

  // Events without a condition
  SCHEDULED,
  FAILED_SCHEDULING,
  STARTED,
  STOPPED,
  TAKEN_OVER,
  RESTART_REQUIRED;

  /** The reason as conditions and events have it, in CamelCase. */
  public String text() {
    return Arrays.stream(name().split("_", -1))
        .map(word -> word.charAt(0) + word.substring(1).toLowerCase(java.util.Locale.ROOT))
        .collect(Collectors.joining());
  }
}
