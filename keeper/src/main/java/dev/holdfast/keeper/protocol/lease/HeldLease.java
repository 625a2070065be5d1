package dev.holdfast.keeper.protocol.lease;

import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A lease that a machine holds, or held until just now where it is the answer to a release.
 *
 * @param lease as it was asked for
 * @param hostId this host's number in the lockspace; absent for ofd
 * @param generation of the host id; absent for ofd
 * @param version number of the acquisition, to be given when it is acquired again after a pause;
 *     absent for ofd
 * @param since when it was acquired, or found again
 */
public record HeldLease(
    Lease lease,
    @Nullable Integer hostId,
    @Nullable Long generation,
    @Nullable Long version,
    Instant since) {
  public HeldLease {
    Objects.requireNonNull(lease, "lease is missing");
    Objects.requireNonNull(since, "since is missing");
  }
}
