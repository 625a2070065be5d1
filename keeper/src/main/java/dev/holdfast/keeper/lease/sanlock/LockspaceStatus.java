package dev.holdfast.keeper.lease.sanlock;

import dev.holdfast.keeper.protocol.lease.Lockspace;
import dev.holdfast.keeper.protocol.lease.LockspacePeer;
import dev.holdfast.keeper.protocol.lease.LockspacePhase;
import dev.holdfast.keeper.protocol.lease.LockspaceState;
import dev.holdfast.keeper.protocol.lease.PeerState;
import dev.holdfast.keeper.protocol.lease.RenewalFigures;
import dev.holdfast.keeper.sanlock.disk.Ticks;
import dev.holdfast.keeper.sanlock.format.LeaderRecord;
import dev.holdfast.keeper.sanlock.lockspace.JoinWait;
import dev.holdfast.keeper.sanlock.lockspace.Membership;
import dev.holdfast.keeper.sanlock.lockspace.Peer;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/** What clients are told of a lockspace. Thread-safe. */
final class LockspaceStatus {
  private final Lockspace lockspace;
  private final Ticks ticks;
  private final Clock clock;
  private final IntSupplier fencingLevel;
  private final Consumer<LockspaceState> onChange;

  // All below guarded by this.
  private LockspacePhase phase = LockspacePhase.JOINING;
  private @Nullable Membership membership;
  private @Nullable String message;
  private @Nullable String renewalFailure;
  private List<LockspacePeer> peers = List.of();
  private RenewalFigures figures = RenewalFigures.NONE;

  /**
   * @param onChange told of each new phase and each new state of another host; must not block
   */
  LockspaceStatus(
      Lockspace lockspace,
      Ticks ticks,
      Clock clock,
      IntSupplier fencingLevel,
      Consumer<LockspaceState> onChange) {
    this.lockspace = lockspace;
    this.ticks = ticks;
    this.clock = clock;
    this.fencingLevel = fencingLevel;
    this.onChange = onChange;
  }

  synchronized LockspacePhase phase() {
    return phase;
  }

  synchronized @Nullable Membership membership() {
    return membership;
  }

  /** Changes the phase, and tells if it is a new one. */
  synchronized void enter(LockspacePhase next, @Nullable String why) {
    boolean isNew = next != phase;
    phase = next;
    message = why;
    if (isNew) {
      onChange.accept(snapshot());
    }
  }

  /** Says more about the phase; nobody is told until they ask. */
  synchronized void explain(String why) {
    message = why;
  }

  /** Says why the last renewal failed, until one succeeds. */
  synchronized void renewalFailed(String why) {
    renewalFailure = why;
  }

  /** Says something that must be heard although the phase is the same. */
  synchronized void alarm(String why) {
    if (!why.equals(message)) {
      message = why;
      onChange.accept(snapshot());
    }
  }

  /** Says what joining waits for. */
  void awaits(JoinWait wait) {
    String last =
        wait.hostName().equals(lockspace.hostName())
            ? "this host itself, but may have got another one in its way"
            : "host '%s', which %s"
                .formatted(
                    wait.hostName(),
                    wait.givenBack() ? "gave it back, but may return" : "did not give it back");
    alarm(
        "host id %d was last used by %s; unless another is heard of, it is ours at %s"
            .formatted(
                lockspace.hostId(), last, instant(wait.end()).truncatedTo(ChronoUnit.SECONDS)));
  }

  /** Says that the host id was not to be had. */
  void foundBusy(LeaderRecord other) {
    explain(
        other.isFree() || other.name().equals(lockspace.hostName())
            ? "the record of host id %d was changed meanwhile; it is tried again"
                .formatted(lockspace.hostId())
            : "host id %d is used by host '%s': give this host another one"
                .formatted(lockspace.hostId(), other.name()));
  }

  /** Notes the host id, or a renewal of it. */
  synchronized void renewed(Membership current) {
    membership = current;
    renewalFailure = null;
  }

  synchronized void measured(boolean success, Duration latency) {
    long millis = latency.toMillis();
    figures =
        success
            ? new RenewalFigures(
                figures.renewals() + 1,
                figures.failures(),
                millis,
                Math.max(millis, figures.longestLatencyMillis()))
            : new RenewalFigures(
                figures.renewals(),
                figures.failures() + 1,
                figures.lastLatencyMillis(),
                figures.longestLatencyMillis());
  }

  /** Notes what is known of the other hosts, and tells if one is in another state than before. */
  synchronized void saw(List<Peer> seen) {
    List<LockspacePeer> before = peers;
    peers =
        seen.stream()
            .filter(peer -> peer.hostId() != lockspace.hostId())
            .map(this::translate)
            .toList();
    if (!withoutTimes(before).equals(withoutTimes(peers))) {
      onChange.accept(snapshot());
    }
  }

  private LockspacePeer translate(Peer peer) {
    PeerState state = translate(peer.state());
    return new LockspacePeer(
        peer.hostId(),
        peer.hostName(),
        peer.generation(),
        state,
        state == PeerState.FAILING ? instant(peer.deadAt()) : null);
  }

  static PeerState translate(dev.holdfast.keeper.sanlock.lockspace.PeerState state) {
    return switch (state) {
      case FREE -> PeerState.FREE;
      case UNKNOWN -> PeerState.UNKNOWN;
      case LIVE -> PeerState.LIVE;
      case FAILING -> PeerState.FAILING;
      case DEAD -> PeerState.DEAD;
    };
  }

  private static List<LockspacePeer> withoutTimes(List<LockspacePeer> peers) {
    return peers.stream()
        .map(
            peer ->
                new LockspacePeer(
                    peer.hostId(), peer.hostName(), peer.generation(), peer.state(), null))
        .toList();
  }

  /** A time of the lockspace's clock as people count. */
  Instant instant(Duration time) {
    return clock.instant().plus(time.minus(ticks.now()));
  }

  private @Nullable String wholeMessage() {
    if (renewalFailure == null) {
      return message;
    }
    String failure = "the last renewal failed: " + renewalFailure;
    return message == null ? failure : message + "; " + failure;
  }

  synchronized LockspaceState snapshot() {
    Membership current = membership;
    return new LockspaceState(
        lockspace,
        phase,
        current == null ? null : current.generation(),
        wholeMessage(),
        current == null ? null : instant(Objects.requireNonNull(current).lastRenewal()),
        fencingLevel.getAsInt(),
        peers,
        figures);
  }
}
