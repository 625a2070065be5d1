package dev.holdfast.keeper.handover;

import dev.holdfast.keeper.protocol.lease.Lease;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

/**
 * A lease that the storage has given to this host.
 *
 * @param generation of our host id
 * @param version number of the acquisition
 * @param users machines that hold it; several only if it is shared
 */
public record HandedResource(long generation, long version, List<User> users) {
  /** A machine, and how it has asked for the lease. */
  public record User(UUID machine, Lease.Sanlock lease, Instant since) {}

  public HandedResource {
    users = List.copyOf(users);
  }
}
