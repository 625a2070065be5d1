package dev.holdfast.keeper.lease.sanlock;

import dev.holdfast.keeper.protocol.lease.LeaseMode;
import dev.holdfast.keeper.protocol.lease.LockspacePhase;
import dev.holdfast.keeper.sanlock.disk.Ticks;
import dev.holdfast.keeper.sanlock.format.LeaderRecord;
import dev.holdfast.keeper.sanlock.format.LeaseFormatException;
import dev.holdfast.keeper.sanlock.lockspace.Continuation;
import dev.holdfast.keeper.sanlock.lockspace.JoinResult;
import dev.holdfast.keeper.sanlock.lockspace.LeaseTimes;
import dev.holdfast.keeper.sanlock.lockspace.Lockspace;
import dev.holdfast.keeper.sanlock.lockspace.Membership;
import dev.holdfast.keeper.sanlock.lockspace.RenewalResult;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The life of a host id: joined, renewed, lost, joined again when everything under the old life is
 * gone, until it is left. One thread, which may hang with its storage; the fence does not.
 */
final class JoinedLockspace {
  private static final Logger log = System.getLogger(JoinedLockspace.class.getName());
  private static final Duration AFTER_FAILURE = Duration.ofMillis(500);
  private static final Duration BETWEEN_LOOKS = Duration.ofMillis(200);

  private final dev.holdfast.keeper.protocol.lease.Lockspace spec;
  private final Lockspace lockspace;
  private final LeaseStorage storage;

  /** Files with leases, which need not be the one with the lockspace. */
  private final Map<Path, LeaseStorage> others = new ConcurrentHashMap<>();

  private final Ticks ticks;
  private final LeaseTimes times;
  private final GuardFile guardFile;
  private final LockspaceStatus status;
  private final LocalResources resources;
  private final LockspaceFence fence;
  private final Thread thread;
  private volatile boolean leaving;

  /** Asked for by who wants this thread to stand still; completed by this thread. */
  private volatile @Nullable CompletableFuture<Optional<Continuation>> standstill;

  private volatile @Nullable Continuation predecessor;
  private volatile boolean follows;

  /** Open once it is known what has become of the predecessor's leases. */
  private final CountDownLatch resumed = new CountDownLatch(1);

  JoinedLockspace(
      dev.holdfast.keeper.protocol.lease.Lockspace spec,
      Lockspace lockspace,
      LeaseStorage storage,
      Ticks ticks,
      GuardFile guardFile,
      LockspaceStatus status,
      LocalResources resources,
      LockspaceFence fence) {
    this.spec = spec;
    this.lockspace = lockspace;
    this.storage = storage;
    this.ticks = ticks;
    this.times = lockspace.settings().times();
    this.guardFile = guardFile;
    this.status = status;
    this.resources = resources;
    this.fence = fence;
    this.thread =
        Thread.ofPlatform().name("keeper-lockspace-" + spec.name()).daemon().unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  dev.holdfast.keeper.protocol.lease.Lockspace spec() {
    return spec;
  }

  Lockspace lockspace() {
    return lockspace;
  }

  /** Where leases are. */
  LeaseStorage storage(Path path) {
    return path.equals(spec.path())
        ? storage
        : others.computeIfAbsent(
            path, each -> new LeaseStorage(each, lockspace.settings().geometry().areaBytes()));
  }

  LockspaceStatus status() {
    return status;
  }

  LocalResources resources() {
    return resources;
  }

  LockspaceFence fence() {
    return fence;
  }

  GuardFile guardFile() {
    return guardFile;
  }

  /** Before the start: goes on where the program before this one has stopped. */
  void follow(Continuation continuation) {
    predecessor = continuation;
    follows = true;
    fence.renewed(continuation.membership());
  }

  /**
   * Has the host id renewed, and the thread stand still after that until {@link #goOn}.
   *
   * @return what a successor needs; empty where the host id is not ours
   * @throws IOException if storage does not answer
   */
  Optional<Continuation> standStill(Duration limit) throws IOException {
    if (lockspace.membership().isEmpty()) {
      return Optional.empty();
    }
    var asked = new CompletableFuture<Optional<Continuation>>();
    standstill = asked;
    try {
      return asked.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", interrupted);
    } catch (ExecutionException | TimeoutException slow) {
      throw new IOException(
          "lockspace " + spec.name() + " was not renewed within " + limit.toSeconds() + " s", slow);
    }
  }

  /** Undoes {@link #standStill}. */
  void goOn() {
    standstill = null;
  }

  /** By the thread, when its last renewal is done. */
  private void standIfAsked() throws InterruptedException {
    CompletableFuture<Optional<Continuation>> asked = standstill;
    if (asked != null) {
      asked.complete(lockspace.continuation());
      while (standstill != null) {
        ticks.sleep(BETWEEN_LOOKS);
      }
    }
  }

  /** Makes sure that storage still has everything as the program before this one has left it. */
  private boolean resume(Continuation continuation) throws InterruptedException {
    while (!leaving && !fence.hasFailed()) {
      try {
        if (!lockspace.resume(continuation)) {
          fence.fail("the record of our host id is not as the keeper before this one has left it");
          break;
        }
        for (Map.Entry<ResourceClaim, LeaseMode> held : resources.claims().entrySet()) {
          ResourceClaim claim = held.getKey();
          if (!claim.resume(held.getValue())) {
            fence.fail("a lease is not as the keeper before this one has left it");
          }
        }
        return true;
      } catch (IOException failure) {
        status.renewalFailed(String.valueOf(failure.getMessage()));
        ticks.sleep(AFTER_FAILURE);
      }
    }
    return lockspace.membership().isPresent() || fence.hasFailed();
  }

  /** Waits until leases of the program before this one can be relied on, or cannot. */
  void awaitResumed() {
    if (follows) {
      try {
        resumed.await();
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void run() {
    while (!leaving) {
      try {
        Continuation continuation = predecessor;
        predecessor = null;
        boolean live = continuation == null ? join() : resume(continuation);
        resumed.countDown();
        if (live) {
          renewUntilLost();
        } else {
          ticks.sleep(times.renewal());
        }
      } catch (InterruptedException asked) {
        log.log(Level.DEBUG, "Lockspace {0} is to be left", spec.name());
      }
    }
    leaveStorage();
  }

  private boolean join() throws InterruptedException {
    try {
      if (!guardFile.take()) {
        status.explain(
            "processes of an earlier keeper that used leases here are not gone yet: they hold "
                + guardFile.file());
        return false;
      }
      return switch (lockspace.join(status::awaits)) {
        case JoinResult.Joined(Membership membership) -> {
          log.log(
              Level.INFO,
              "Lockspace {0} is joined with host id {1}, generation {2}",
              spec.name(),
              membership.hostId(),
              membership.generation());
          fence.renewed(membership);
          yield true;
        }
        case JoinResult.Busy(LeaderRecord other) -> {
          status.foundBusy(other);
          yield false;
        }
      };
    } catch (LeaseFormatException wrong) {
      status.explain(spec.path() + " at " + spec.offset() + ": " + wrong.getMessage());
    } catch (IOException failure) {
      status.explain("storage fails: " + failure.getMessage());
    }
    storage.reopenWhenIdle();
    return false;
  }

  /** Returns when the host id is no longer ours and all that used it is gone. */
  private void renewUntilLost() throws InterruptedException {
    // At once: a host id that was never renewed is not taken back soon after a crash.
    Duration due = ticks.now();
    while (!leaving) {
      sleepUntil(due);
      if (lockspace.membership().isPresent()) {
        due = renew();
        standIfAsked();
      } else {
        due = ticks.now().plus(BETWEEN_LOOKS);
      }
      if (fence.isOver()) {
        startAnew();
        return;
      }
    }
  }

  private Duration renewalAfter(Duration fallback) {
    return lockspace
        .membership()
        .map(Membership::lastRenewal)
        .orElse(fallback)
        .plus(times.renewal());
  }

  /** Sleeps in short pieces once the fence is at work, since it can be over at any moment. */
  private void sleepUntil(Duration due) throws InterruptedException {
    Duration left = due.minus(ticks.now());
    while (left.isPositive() && !fence.isOver() && standstill == null) {
      boolean failed = fence.hasFailed();
      Duration piece = failed && left.compareTo(BETWEEN_LOOKS) > 0 ? BETWEEN_LOOKS : left;
      ticks.sleep(piece.compareTo(AFTER_FAILURE) > 0 ? AFTER_FAILURE : piece);
      left = due.minus(ticks.now());
    }
  }

  /** Returns when the next renewal is due. */
  private Duration renew() {
    Duration began = ticks.now();
    try {
      switch (lockspace.renew()) {
        case RenewalResult.Renewed(Membership membership, _) -> {
          status.measured(true, ticks.now().minus(began));
          fence.renewed(membership);
          status.saw(lockspace.peers());
        }
        case RenewalResult.Lost(String reason) -> {
          status.measured(false, Duration.ZERO);
          if (!leaving) {
            fence.fail(reason);
          }
        }
      }
      return renewalAfter(ticks.now());
    } catch (IOException failure) {
      status.measured(false, Duration.ZERO);
      status.renewalFailed(String.valueOf(failure.getMessage()));
      return ticks.now().plus(AFTER_FAILURE);
    }
  }

  /** The old life is given back if it still is ours, since all that was under it is gone. */
  private void startAnew() throws InterruptedException {
    while (!leaving) {
      try {
        release();
        break;
      } catch (IOException failure) {
        ticks.sleep(AFTER_FAILURE);
      }
    }
    storage.reopenWhenIdle();
    fence.reset();
  }

  /** Gives the host id back, however long the storage takes. */
  private void leaveStorage() {
    // The thread was interrupted out of whatever it did; that is done with.
    boolean ignored = Thread.interrupted();
    boolean released = false;
    while (!released) {
      try {
        release();
        // Who joins it next must not begin before that either.
        released = isIdle();
        if (!released) {
          throw new IOException("lease storage hangs");
        }
      } catch (IOException failure) {
        status.explain("the host id was not given back yet: " + failure.getMessage());
        try {
          ticks.sleep(AFTER_FAILURE);
        } catch (InterruptedException again) {
          log.log(Level.DEBUG, "Lockspace {0} is being left already", spec.name());
        }
      }
    }
    fence.leave();
    storage.close();
    others.values().forEach(LeaseStorage::close);
    guardFile.close();
  }

  /**
   * Gives the host id back, if it is ours still, which others may have at once then. A write of
   * ours that is done later would hit their leases, so it comes first.
   *
   * @throws IOException when it has to be tried again
   */
  private void release() throws IOException {
    boolean live =
        lockspace.membership().filter(each -> lockspace.isLive(each.generation())).isPresent();
    if (live && (resources.isUnsettled() || !isIdle())) {
      throw new IOException("leases are still being written or given back");
    }
    lockspace.release();
  }

  private boolean isIdle() {
    return storage.isIdle() && others.values().stream().allMatch(LeaseStorage::isIdle);
  }

  /** Begins to leave; nothing may be held or acquired any more. */
  void leave() {
    if (!leaving) {
      leaving = true;
      status.enter(LockspacePhase.LEAVING, null);
      thread.interrupt();
    }
  }

  /** Waits for the end of leaving; false if it takes longer. */
  boolean awaitLeft(Duration limit) throws InterruptedException {
    return thread.join(limit);
  }
}
