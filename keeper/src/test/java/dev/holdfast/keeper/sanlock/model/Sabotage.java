package dev.holdfast.keeper.sanlock.model;

import dev.holdfast.keeper.sanlock.disk.LeaseDisk;
import dev.holdfast.keeper.sanlock.disk.Ticks;
import dev.holdfast.keeper.sanlock.lockspace.LeaseTimes;

/**
 * Breaks one rule of the algorithms from outside: by a disk that hides what the rule looks at, or a
 * clock that does not wait. Production code needs no switches for it.
 */
interface Sabotage {
  Sabotage NONE = new Sabotage() {};

  default LeaseDisk lockspaceDisk(LeaseDisk disk, int hostId) {
    return disk;
  }

  default LeaseDisk leaseDisk(LeaseDisk disk, int hostId) {
    return disk;
  }

  /** The clock of the lockspace. */
  default Ticks joinTicks(Ticks ticks) {
    return ticks;
  }

  default LeaseTimes times(LeaseTimes times) {
    return times;
  }

  /** Whether the kernel kills what was not renewed in time. */
  default boolean isFenced() {
    return true;
  }

  /** How often the same host id is given to two hosts. */
  default double ambiguity() {
    return 0.1;
  }

  /** Within which time all hosts start, microseconds. */
  default long startsWithin() {
    return 2 * World.SECOND;
  }

  /** Whether a host's writes to a sector take effect in their order. */
  default boolean isOrdered() {
    return true;
  }
}
