package dev.holdfast.keeper.sanlock.resource;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** What came of asking for a lease. */
public sealed interface AcquireResult {
  /**
   * It is ours until it is released or the host id is lost.
   *
   * @param version counts the acquisitions of this resource, by all hosts
   */
  record Acquired(LeaseMode mode, long version) implements AcquireResult {}

  /**
   * Others have it. They may be dead, but not yet for long enough: their {@code deadAt} tells when
   * asking again makes sense.
   *
   * @param version the version that they have
   * @param holders one where {@code mode} is exclusive, else some
   */
  record Held(LeaseMode mode, long version, List<Holder> holders) implements AcquireResult {}

  /**
   * Somebody had the lease after the expected version.
   *
   * @param version the version found
   * @param last who had that one, and may still have it; empty where nobody ever had it
   */
  record VersionMismatch(long expected, long version, Optional<Holder> last)
      implements AcquireResult {}

  /** Others asked for it at the same time, again and again; nobody may have got it. Ask later. */
  record Contended(int ballots) implements AcquireResult {}

  /**
   * Storage failed while the lease was decided: it may or may not be ours. Never run anything on
   * it; call {@link ResourceLease#release()} until that succeeds.
   */
  record OwnershipUnknown(IOException cause) implements AcquireResult {}

  /** The host id was not ours any more, or not for sure; nothing was acquired that counts. */
  record HostIdLost(String reason) implements AcquireResult {}
}
