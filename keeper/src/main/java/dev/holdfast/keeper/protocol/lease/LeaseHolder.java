package dev.holdfast.keeper.protocol.lease;

import java.time.Instant;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Who has a lease that was refused, as far as is known: what is absent is not.
 *
 * @param lease the one that was refused
 * @param machineId set where the holder is a machine of this very host
 * @param hostId of the holding host; absent for ofd
 * @param hostName the name under which that host joined the lockspace
 * @param generation of the host id at the time of its acquisition
 * @param version number of that acquisition
 * @param earliestTakeover when the holder will be provably gone, if it is not heard of until then
 */
public record LeaseHolder(
    Lease lease,
    @Nullable UUID machineId,
    @Nullable Integer hostId,
    @Nullable String hostName,
    @Nullable Long generation,
    @Nullable Long version,
    @Nullable Instant earliestTakeover) {
  public LeaseHolder {
    Objects.requireNonNull(lease, "lease is missing");
  }
}
