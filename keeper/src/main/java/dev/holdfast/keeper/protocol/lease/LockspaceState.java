package dev.holdfast.keeper.protocol.lease;

import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A lockspace as this host sees it.
 *
 * @param lockspace as it was joined
 * @param generation of our host id; absent until it is acquired
 * @param message why it is late, failed or still joining, for a human
 * @param lastRenewal when the last renewal that succeeded was begun
 * @param fencingLevel what would stop the machines if this host lost the storage: 1 the keeper
 *     itself, 2 the kernel, by a timer that kills a keeper which no longer renews, 3 also a
 *     watchdog
 * @param peers hosts that have ever joined, without this one, in the order of their numbers
 */
public record LockspaceState(
    Lockspace lockspace,
    LockspacePhase phase,
    @Nullable Long generation,
    @Nullable String message,
    @Nullable Instant lastRenewal,
    int fencingLevel,
    List<LockspacePeer> peers,
    RenewalFigures figures) {
  public LockspaceState {
    Objects.requireNonNull(lockspace, "lockspace is missing");
    Objects.requireNonNull(phase, "phase is missing");
    peers = List.copyOf(Objects.requireNonNullElse(peers, List.of()));
    figures = Objects.requireNonNullElse(figures, RenewalFigures.NONE);
  }
}
