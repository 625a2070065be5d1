package dev.holdfast.keeper.lease.sanlock;

import dev.holdfast.keeper.fencing.Fencing;
import dev.holdfast.keeper.fencing.Watchdog;
import dev.holdfast.keeper.lease.Holding;
import dev.holdfast.keeper.lease.LostLeases;
import dev.holdfast.keeper.process.KeeperRefusal;
import dev.holdfast.keeper.protocol.FailureCode;
import dev.holdfast.keeper.protocol.lease.Lease;
import dev.holdfast.keeper.protocol.lease.LeaseMode;
import dev.holdfast.keeper.protocol.lease.LockspacePhase;
import dev.holdfast.keeper.protocol.lease.LockspaceState;
import dev.holdfast.keeper.sanlock.disk.Ticks;
import dev.holdfast.keeper.sanlock.lockspace.LeaseTimes;
import dev.holdfast.keeper.sanlock.lockspace.Lockspace;
import dev.holdfast.keeper.sanlock.lockspace.LockspaceSettings;
import dev.holdfast.keeper.sanlock.resource.ResourceLease;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/** The lockspaces that this host has joined. Thread-safe. */
public final class Lockspaces implements AutoCloseable {
  /**
   * More acquisitions at once would only wait for each other in the storage, and take memory: each
   * reads an area. So many of 1 MiB, fewer of larger ones.
   */
  private static final int ACQUISITIONS_AT_ONCE = 8;

  private static final Duration BETWEEN_ATTEMPTS = Duration.ofMillis(200);

  private static final int LEAVE_FACTOR = 3;
  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(3);

  private final Path directory;
  private final Fencing fencing;
  private final LostLeases lost;
  private final Clock clock;
  private final Consumer<LockspaceState> onChange;
  private final Ticks ticks = new BootTicks();
  private final FenceWatch watch;

  /** Guarded by this. */
  private final Map<String, JoinedLockspace> joined = new LinkedHashMap<>();

  private final Map<String, Semaphore> acquisitions = new ConcurrentHashMap<>();

  /** Who may make a lease: one at a time in each lockspace. */
  private final Map<String, Semaphore> makers = new ConcurrentHashMap<>();

  /**
   * @param directory of this keeper alone, for local files that say who still lives
   * @param onChange told of each change; must not block
   */
  public Lockspaces(
      Path directory,
      Fencing fencing,
      LostLeases lost,
      Clock clock,
      Consumer<LockspaceState> onChange) {
    this.directory = directory;
    this.fencing = fencing;
    this.lost = lost;
    this.clock = clock;
    this.onChange = onChange;
    this.watch = FenceWatch.start(ticks, this::all);
  }

  synchronized List<JoinedLockspace> all() {
    return List.copyOf(joined.values());
  }

  /** Makes a lockspace on the storage where there is none. */
  public void format(dev.holdfast.keeper.protocol.lease.Lockspace lockspace) throws KeeperRefusal {
    AreaFormatter.formatLockspace(lockspace);
  }

  /** Makes a lease on the storage where there is none, while no other host does. */
  public void format(Lease.Sanlock lease) throws KeeperRefusal {
    JoinedLockspace in = joined(lease.lockspace());
    Semaphore makers = makers(in);
    Duration limit = in.lockspace().settings().times().failed();
    try {
      if (!makers.tryAcquire(limit.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new KeeperRefusal(
            FailureCode.LEASE_STORAGE,
            "lease "
                + lease.resource()
                + " is not made: another one has been in the making for more than "
                + limit.toSeconds()
                + " s");
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new KeeperRefusal(FailureCode.INTERNAL, "the keeper is ending");
    }
    Holding held;
    try {
      held = acquireMaker(in);
    } catch (KeeperRefusal refusal) {
      makers.release();
      throw refusal;
    }
    AreaFormatter.formatLease(
        in.spec(),
        lease,
        () -> {
          var _ = held.release(false);
          makers.release();
        });
  }

  /** Waits some seconds for another host that is making a lease. */
  private Holding acquireMaker(JoinedLockspace in) throws KeeperRefusal {
    dev.holdfast.keeper.protocol.lease.Lockspace spec = in.spec();
    var maker =
        new Lease.Sanlock(
            spec.name(),
            AreaFormatter.MAKER,
            spec.path(),
            AreaFormatter.makerOffset(spec),
            LeaseMode.EXCLUSIVE,
            null);
    var backend = new SanlockBackend(this, clock);
    Duration end = ticks.now().plus(in.lockspace().settings().times().renewal());
    while (true) {
      try {
        return backend.acquire(LostLeases.KEEPER, Optional.empty(), maker);
      } catch (KeeperRefusal refusal) {
        boolean passing =
            refusal.code() == FailureCode.LEASE_HELD || refusal.code() == FailureCode.LEASE_UNKNOWN;
        if (!passing || ticks.now().compareTo(end) > 0) {
          throw refusal;
        }
      }
      try {
        ticks.sleep(BETWEEN_ATTEMPTS);
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
        throw new KeeperRefusal(FailureCode.INTERNAL, "the keeper is ending");
      }
    }
  }

  /** Begins to join; joining again in the same way does nothing. */
  public synchronized LockspaceState join(dev.holdfast.keeper.protocol.lease.Lockspace lockspace)
      throws KeeperRefusal {
    JoinedLockspace present = joined.get(lockspace.name());
    if (present == null) {
      present = create(lockspace);
      add(present);
    } else if (present.status().phase() == LockspacePhase.LEAVING) {
      throw new KeeperRefusal(
          FailureCode.LOCKSPACE_NOT_READY,
          "lockspace " + lockspace.name() + " is being left; join it again when that is done");
    } else if (!present.spec().equals(lockspace)) {
      throw new KeeperRefusal(
          FailureCode.LOCKSPACE_MISMATCH,
          "lockspace "
              + lockspace.name()
              + " is joined in another way ("
              + present.spec()
              + "): leave it first");
    }
    return present.status().snapshot();
  }

  /** Begins what has to be done about a lockspace. */
  synchronized void add(JoinedLockspace fresh) {
    joined.put(fresh.spec().name(), fresh);
    fresh.start();
  }

  /** A lockspace that nothing is done about yet. */
  JoinedLockspace create(dev.holdfast.keeper.protocol.lease.Lockspace spec) {
    var settings =
        new LockspaceSettings(
            spec.name(),
            spec.offset(),
            AreaFormatter.geometry(spec),
            spec.hostId(),
            spec.hostName(),
            new LeaseTimes(Duration.ofSeconds(spec.ioTimeoutSeconds()), fencing.fireTimeout()));
    var storage = new LeaseStorage(spec.path(), settings.geometry().areaBytes());
    var lockspace = new Lockspace(storage, ticks, settings);
    Watchdog watchdog = fencing.watchdog(spec.name());
    var status =
        new LockspaceStatus(
            spec,
            ticks,
            clock,
            () -> fencing.deadMan().unavailable().isPresent() ? 1 : watchdog.isUp() ? 3 : 2,
            onChange);
    var resources = new LocalResources();
    var fence =
        new LockspaceFence(
            spec.name(), settings.times(), ticks, status, resources, fencing, watchdog, lost);
    watchdog.prepare();
    return new JoinedLockspace(
        spec,
        lockspace,
        storage,
        ticks,
        new GuardFile(directory, spec.name()),
        status,
        resources,
        fence);
  }

  /** Gives the host id back and waits for it; nothing happens for a lockspace not joined. */
  public void leave(String name) throws KeeperRefusal {
    JoinedLockspace leaving;
    synchronized (this) {
      leaving = joined.get(name);
      if (leaving == null) {
        return;
      }
      if (!leaving.resources().isEmpty()) {
        throw new KeeperRefusal(
            FailureCode.LEASE_IN_USE,
            "machines hold leases in lockspace "
                + name
                + ", or leases are still being given back: "
                + leaving.resources().machines());
      }
      leaving.leave();
    }
    if (!awaitLeft(
        leaving, leaving.lockspace().settings().times().ioTimeout().multipliedBy(LEAVE_FACTOR))) {
      throw new KeeperRefusal(
          FailureCode.LEASE_STORAGE,
          "the host id in lockspace "
              + name
              + " is not given back yet, since storage does not answer; that goes on");
    }
    synchronized (this) {
      if (joined.remove(name, leaving)) {
        acquisitions.remove(name);
        makers.remove(name);
      }
    }
  }

  /** Waits until no machine uses anything in it; false if that takes too long. */
  private boolean awaitUnused(JoinedLockspace ending, Duration end) {
    try {
      while (!ending.resources().machines().isEmpty() && ticks.now().compareTo(end) < 0) {
        ticks.sleep(BETWEEN_ATTEMPTS);
        ending.fence().check();
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
    return ending.resources().machines().isEmpty();
  }

  private static boolean awaitLeft(JoinedLockspace leaving, Duration limit) {
    try {
      return leaving.awaitLeft(limit);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  public List<LockspaceState> list() {
    return all().stream().map(lockspace -> lockspace.status().snapshot()).toList();
  }

  synchronized JoinedLockspace joined(String name) throws KeeperRefusal {
    JoinedLockspace found = joined.get(name);
    if (found == null) {
      throw new KeeperRefusal(
          FailureCode.LOCKSPACE_NOT_READY, "lockspace " + name + " is not joined: join it first");
    }
    return found;
  }

  /**
   * A resource in the lockspace, wherever it is.
   *
   * @throws IllegalArgumentException for an offset where there can be none
   */
  ResourceLease resource(JoinedLockspace in, Path path, String name, long offset) {
    return new ResourceLease(
        in.storage(path), ticks, in.lockspace(), name, offset, RandomGenerator.getDefault());
  }

  void enterStorage(JoinedLockspace in) {
    acquisitionsIn(in).acquireUninterruptibly();
  }

  void leaveStorage(JoinedLockspace in) {
    acquisitionsIn(in).release();
  }

  private Semaphore acquisitionsIn(JoinedLockspace in) {
    return acquisitions.computeIfAbsent(
        in.spec().name(), _ -> new Semaphore(ACQUISITIONS_AT_ONCE / in.spec().alignMebibytes()));
  }

  private Semaphore makers(JoinedLockspace in) {
    return makers.computeIfAbsent(in.spec().name(), _ -> new Semaphore(1));
  }

  /**
   * Ends the machines that would end with this process anyway, so that host ids and leases can be
   * given back in order and no watchdog resets the host. What is stuck stays as it is.
   */
  @Override
  public void close() {
    List<JoinedLockspace> ending = all();
    ending.stream()
        .filter(lockspace -> !lockspace.resources().isEmpty())
        .forEach(lockspace -> lockspace.fence().fail("the keeper ends"));
    Duration end = ticks.now().plus(CLOSE_LIMIT);
    for (JoinedLockspace lockspace : ending) {
      if (awaitUnused(lockspace, end)) {
        lockspace.leave();
      }
    }
    for (JoinedLockspace lockspace : ending) {
      if (lockspace.status().phase() == LockspacePhase.LEAVING) {
        boolean ignored = awaitLeft(lockspace, CLOSE_LIMIT);
      }
    }
    watch.close();
  }
}
