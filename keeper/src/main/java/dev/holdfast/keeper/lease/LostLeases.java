package dev.holdfast.keeper.lease;

import java.util.UUID;

/** Hears of machines that have lost their leases in a lockspace. */
public interface LostLeases {
  /**
   * Who is named in a machine's place: the keeper itself while it makes a lease. It is never gone,
   * since nobody knows when a write that hangs will be done.
   */
  UUID KEEPER = new UUID(0, 0);

  /**
   * The machine's process is gone, or it has none: forgets its leases in the lockspace and tells
   * everybody.
   *
   * @return false while something else is being done to the machine, so that its process may come
   *     back; to be called again then
   */
  boolean drop(UUID machine, String lockspace, String reason);
}
