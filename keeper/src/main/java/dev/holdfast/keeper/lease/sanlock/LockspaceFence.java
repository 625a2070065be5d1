package dev.holdfast.keeper.lease.sanlock;

import dev.holdfast.keeper.fencing.Executioner;
import dev.holdfast.keeper.fencing.Fencing;
import dev.holdfast.keeper.fencing.Watchdog;
import dev.holdfast.keeper.lease.LostLeases;
import dev.holdfast.keeper.process.KeeperRefusal;
import dev.holdfast.keeper.protocol.FailureCode;
import dev.holdfast.keeper.protocol.lease.LockspacePhase;
import dev.holdfast.keeper.sanlock.disk.Ticks;
import dev.holdfast.keeper.sanlock.lockspace.LeaseTimes;
import dev.holdfast.keeper.sanlock.lockspace.Membership;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Sees to it that no machine outlives the host id under which it holds leases in a lockspace.
 * Thread-safe; never waits for storage, whatever the thread that renews is stuck in.
 */
final class LockspaceFence {
  private static final Logger log = System.getLogger(LockspaceFence.class.getName());

  /** A process that has not ended so long after SIGKILL is stuck in the kernel. */
  private static final Duration STUCK = Duration.ofSeconds(3);

  private final String lockspace;
  private final LeaseTimes times;
  private final Ticks ticks;
  private final LockspaceStatus status;
  private final LocalResources resources;
  private final Fencing fencing;
  private final Watchdog watchdog;
  private final LostLeases lost;

  // All below guarded by this.
  private @Nullable Membership membership;
  private @Nullable String failure;
  private final Map<UUID, Duration> killed = new HashMap<>();

  LockspaceFence(
      String lockspace,
      LeaseTimes times,
      Ticks ticks,
      LockspaceStatus status,
      LocalResources resources,
      Fencing fencing,
      Watchdog watchdog,
      LostLeases lost) {
    this.lockspace = lockspace;
    this.times = times;
    this.ticks = ticks;
    this.status = status;
    this.resources = resources;
    this.fencing = fencing;
    this.watchdog = watchdog;
    this.lost = lost;
  }

  /** The host id was acquired, or renewed; both deadlines move. */
  synchronized void renewed(Membership current) {
    watchdog.prepare();
    membership = current;
    status.renewed(current);
    if (failure != null) {
      return;
    }
    if (!resources.isEmpty()) {
      try {
        arm(current);
      } catch (IOException unarmed) {
        log.log(Level.ERROR, "Lockspace {0}: {1}", lockspace, unarmed.getMessage());
      }
    }
    status.enter(LockspacePhase.LIVE, null);
  }

  /**
   * Before anything is acquired: from here on the deadlines are in force.
   *
   * @throws KeeperRefusal where a machine could not be ended when it must be
   */
  synchronized void guard() throws KeeperRefusal {
    Optional<String> noTimer = fencing.deadMan().unavailable();
    if (noTimer.isPresent()) {
      throw unavailable(
          "the kernel gives no timer that would end a stuck keeper: " + noTimer.get());
    }
    if (!watchdog.suffices()) {
      watchdog.prepare();
      throw unavailable("--watchdog=required, but there is none: " + watchdog.reason());
    }
    Membership current = membership;
    if (current == null || failure != null || status.phase() != LockspacePhase.LIVE) {
      throw new KeeperRefusal(
          FailureCode.LOCKSPACE_NOT_READY,
          "lockspace "
              + lockspace
              + " is "
              + status.phase().name().toLowerCase(java.util.Locale.ROOT)
              + Optional.ofNullable(status.snapshot().message()).map(why -> ": " + why).orElse("")
              + "; ask again when it is live");
    }
    try {
      arm(current);
    } catch (IOException unarmed) {
      throw unavailable(String.valueOf(unarmed.getMessage()));
    }
  }

  private KeeperRefusal unavailable(String why) {
    return new KeeperRefusal(
        FailureCode.FENCING_UNAVAILABLE,
        "no lease is acquired in lockspace " + lockspace + ": " + why);
  }

  private void arm(Membership current) throws IOException {
    Duration end = current.lastRenewal().plus(times.failed());
    fencing.deadMan().arm(lockspace, end.plus(fencing.grace()));
    watchdog.arm(current.lastRenewal(), times.failed());
  }

  /** Whether leases of that life of the host id may still be relied on. */
  synchronized boolean vouchesFor(long generation) {
    Membership current = membership;
    return failure == null
        && current != null
        && current.generation() == generation
        && age(current).compareTo(times.failed()) < 0;
  }

  private Duration age(Membership current) {
    return ticks.now().minus(current.lastRenewal());
  }

  /** Something was given back: the last one ends the need for deadlines. */
  synchronized void released() {
    if (resources.isEmpty() && failure == null) {
      stand();
    }
  }

  private void stand() {
    fencing.deadMan().disarm(lockspace);
    watchdog.disarm();
  }

  /** Looks at the clock; to be called about once a second, and when a deadline is due. */
  synchronized void check() {
    if (failure != null) {
      execute(failure);
      return;
    }
    Membership current = membership;
    if (current == null) {
      return;
    }
    Duration age = age(current);
    if (age.compareTo(times.failed()) >= 0) {
      fail("not renewed for " + age.toSeconds() + " s, at most " + times.failed().toSeconds());
    } else if (age.compareTo(times.late()) >= 0 && status.phase() == LockspacePhase.LIVE) {
      status.enter(
          LockspacePhase.LATE,
          "not renewed for "
              + age.toSeconds()
              + " s; machines will be killed after "
              + times.failed().toSeconds()
              + " s");
    }
  }

  /** When {@link #check} has something to do next. */
  synchronized Optional<Duration> nextDeadline() {
    Membership current = membership;
    if (failure != null || current == null) {
      return Optional.empty();
    }
    Duration late = current.lastRenewal().plus(times.late());
    return Optional.of(
        status.phase() == LockspacePhase.LIVE ? late : current.lastRenewal().plus(times.failed()));
  }

  /** The host id is lost: kills every machine with leases under it. */
  synchronized void fail(String reason) {
    if (failure == null) {
      failure = reason;
      killed.clear();
      log.log(Level.ERROR, "Lockspace {0} has failed: {1}", lockspace, reason);
      execute(reason);
      status.enter(LockspacePhase.FAILED, reason);
    }
  }

  private void execute(String reason) {
    Executioner.Round round = fencing.executioner().round(resources.machines());
    for (UUID gone : round.gone()) {
      if (lost.drop(gone, lockspace, reason)) {
        var _ = resources.forfeit(gone);
        killed.remove(gone);
      }
    }
    Duration now = ticks.now();
    round.dying().forEach(process -> killed.putIfAbsent(process.machineId(), now));
    if (round.allSentenced()) {
      // The kernel ends them as soon as it can; it would not be faster if the keeper died too, and
      // the machines of other lockspaces with it.
      fencing.deadMan().disarm(lockspace);
    }
    if (resources.machines().isEmpty()) {
      watchdog.disarm();
    }
    String stuck =
        round.dying().stream()
            .filter(process -> isStuck(process.machineId(), now))
            .map(Executioner::describe)
            .collect(Collectors.joining("; "));
    if (!stuck.isEmpty()) {
      status.alarm(
          reason
              + "; killed, but not gone since storage holds them in the kernel, so their leases are"
              + " not given up: "
              + stuck);
    }
  }

  private boolean isStuck(UUID machine, Duration now) {
    Duration since = killed.getOrDefault(machine, now);
    return now.minus(since).compareTo(STUCK) >= 0;
  }

  synchronized boolean hasFailed() {
    return failure != null;
  }

  /** Whether, after a failure, nothing is left that would mind a new life of the host id. */
  synchronized boolean isOver() {
    return failure != null && resources.machines().isEmpty();
  }

  /** The host id will be acquired anew; to be called when {@link #isOver}. */
  synchronized void reset() {
    failure = null;
    membership = null;
    killed.clear();
    stand();
    status.enter(LockspacePhase.JOINING, "the host id is acquired again");
  }

  /**
   * This program is about to be replaced. A client of wdmd that ends with a time set would have the
   * host reset, so there is none until the next renewal of the next program, or of this one.
   */
  synchronized void suspendWatchdog() {
    watchdog.close();
  }

  /** The lockspace is left in order. */
  synchronized void leave() {
    membership = null;
    fencing.deadMan().disarm(lockspace);
    watchdog.close();
  }
}
