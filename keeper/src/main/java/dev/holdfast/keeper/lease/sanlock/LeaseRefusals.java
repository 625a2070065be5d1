package dev.holdfast.keeper.lease.sanlock;

import dev.holdfast.keeper.process.KeeperRefusal;
import dev.holdfast.keeper.protocol.FailureCode;
import dev.holdfast.keeper.protocol.lease.Lease;
import dev.holdfast.keeper.protocol.lease.LeaseHolder;
import dev.holdfast.keeper.sanlock.lockspace.Peer;
import dev.holdfast.keeper.sanlock.resource.AcquireResult;
import dev.holdfast.keeper.sanlock.resource.Holder;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Why a lease is not to be had, in words and as data. */
final class LeaseRefusals {
  private LeaseRefusals() {}

  static KeeperRefusal held(JoinedLockspace joined, Lease.Sanlock lease, AcquireResult.Held held) {
    String who =
        held.holders().stream()
            .map(holder -> describe(joined, holder))
            .collect(Collectors.joining("; "));
    return new KeeperRefusal(
        FailureCode.LEASE_HELD,
        "lease "
            + lease.resource()
            + " of lockspace "
            + lease.lockspace()
            + " is held "
            + held.mode().name().toLowerCase(Locale.ROOT)
            + ", version "
            + held.version()
            + ", by "
            + who,
        holder(joined, lease, held.holders().stream().findFirst(), held.version()));
  }

  static KeeperRefusal mismatch(
      JoinedLockspace joined, Lease.Sanlock lease, AcquireResult.VersionMismatch mismatch) {
    return new KeeperRefusal(
        FailureCode.LEASE_VERSION_MISMATCH,
        "lease "
            + lease.resource()
            + " of lockspace "
            + lease.lockspace()
            + " has version "
            + mismatch.version()
            + " and not "
            + mismatch.expected()
            + ": somebody else has used the disk since, at last "
            + mismatch.last().map(last -> describe(joined, last)).orElse("an unknown host")
            + "; a machine that remembers an older state of it must not go on",
        holder(joined, lease, mismatch.last(), mismatch.version()));
  }

  private static String describe(JoinedLockspace joined, Holder holder) {
    Peer host = holder.host();
    Optional<Instant> takeover = takeover(joined, host);
    return "host id "
        + holder.hostId()
        + " ('"
        + host.hostName()
        + "', generation "
        + holder.generation()
        + ", "
        + host.state().name().toLowerCase(Locale.ROOT)
        + takeover.map(at -> ", to be taken over at " + at + " if it stays silent").orElse("")
        + ")";
  }

  /** As long as a host lives there is no such moment. */
  private static Optional<Instant> takeover(JoinedLockspace joined, Peer host) {
    return switch (LockspaceStatus.translate(host.state())) {
      case FAILING, UNKNOWN -> Optional.of(joined.status().instant(host.deadAt()));
      case FREE, LIVE, DEAD -> Optional.empty();
    };
  }

  private static LeaseHolder holder(
      JoinedLockspace joined, Lease.Sanlock lease, Optional<Holder> holder, long version) {
    @Nullable Peer host = holder.map(Holder::host).orElse(null);
    return new LeaseHolder(
        lease,
        null,
        holder.map(Holder::hostId).orElse(null),
        host == null ? null : host.hostName(),
        holder.map(Holder::generation).orElse(null),
        version,
        host == null ? null : takeover(joined, host).orElse(null));
  }
}
