package dev.holdfast.keeper.sanlock.model;

import dev.holdfast.keeper.sanlock.disk.LeaseDisk;
import dev.holdfast.keeper.sanlock.lockspace.JoinResult;
import dev.holdfast.keeper.sanlock.lockspace.LeaseTimes;
import dev.holdfast.keeper.sanlock.lockspace.Lockspace;
import dev.holdfast.keeper.sanlock.lockspace.LockspaceSettings;
import dev.holdfast.keeper.sanlock.lockspace.Membership;
import dev.holdfast.keeper.sanlock.lockspace.RenewalResult;
import dev.holdfast.keeper.sanlock.resource.AcquireResult;
import dev.holdfast.keeper.sanlock.resource.LeaseMode;
import dev.holdfast.keeper.sanlock.resource.ReleaseResult;
import dev.holdfast.keeper.sanlock.resource.ResourceLease;
import java.io.IOException;
import java.time.Duration;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * A host that does what the keeper does: joins, renews, runs a machine on the lease now and then.
 */
final class Host {
  private final World world;
  private final SharedStorage storage;
  private final Referee referee;
  private final Sabotage sabotage;
  private final int hostId;
  private final String name;
  private final LeaseTimes times;
  private Faults faults;

  private Life life;
  private @Nullable HostDisk disk;
  private int lives;
  private long boots;
  private @Nullable Tenure tenure;
  private long fencingDelay;
  private @Nullable Long lastVersion;
  private Referee.@Nullable Belief belief;
  private boolean unsettled;
  private boolean quiet;
  private boolean lastWish;
  private boolean satisfied;

  Host(
      World world,
      SharedStorage storage,
      Referee referee,
      Faults faults,
      Sabotage sabotage,
      int hostId,
      String name,
      Duration watchdogFire) {
    this.world = world;
    this.storage = storage;
    this.referee = referee;
    this.faults = faults;
    this.sabotage = sabotage;
    this.hostId = hostId;
    this.name = name;
    this.times = new LeaseTimes(Duration.ofSeconds(1), watchdogFire);
    this.life = new Life(world, faults, 0);
  }

  @Override
  public String toString() {
    return name + " (host id " + hostId + ")";
  }

  /** When the last thing that ran on a lease is gone, if there is no renewal any more. */
  long fencedAt() {
    return tenure == null
        ? 0
        : tenure.lastRenewal + times.failed().toNanos() / 1_000 + fencingDelay;
  }

  /**
   * From its joining until it loses its host id. When its time is up, nothing that it asked storage
   * for takes effect any more: its watchdog has reset it, or storage has shut it out.
   */
  final class Tenure {
    private long lastRenewal;

    boolean isUp() {
      Duration dead = times.failed().plus(times.watchdogFire());
      return world.now() >= lastRenewal + dead.toNanos() / 1_000;
    }
  }

  /** Null while the host id is not the host's. */
  @Nullable Tenure tenure() {
    return tenure;
  }

  void boot() {
    Life born = new Life(world, faults, ++lives);
    life = born;
    tenure = null;
    unsettled = false;
    lastVersion = null;
    // A margin, for "surely gone before" is not "at the same moment".
    long fire = times.watchdogFire().toNanos() / 1_000;
    fencingDelay = sabotage.isFenced() ? world.between(0, fire - fire / 10) : 1_000 * World.SECOND;
    HostDisk itsDisk = new HostDisk(world, storage, this, born, faults, sabotage.isOrdered());
    disk = itsDisk;
    LockspaceSettings settings =
        new LockspaceSettings(
            SharedStorage.LOCKSPACE,
            0,
            SharedStorage.GEOMETRY,
            hostId,
            name,
            sabotage.times(times));
    Lockspace lockspace =
        new Lockspace(sabotage.lockspaceDisk(itsDisk, hostId), sabotage.joinTicks(born), settings);
    LeaseDisk leaseDisk = sabotage.leaseDisk(itsDisk, hostId);
    ResourceLease lease =
        new ResourceLease(
            leaseDisk,
            born,
            lockspace,
            SharedStorage.RESOURCE,
            SharedStorage.RESOURCE_OFFSET,
            world.random());
    born.start(() -> keepHostId(born, lockspace));
    born.start(() -> useLease(born, lockspace, lease));
  }

  private void keepHostId(Life ours, Lockspace lockspace) {
    while (true) {
      try {
        JoinResult result = lockspace.join(_ -> {});
        note(ours, result);
        if (result instanceof JoinResult.Joined(Membership membership)) {
          renewed(ours, membership);
          keepRenewing(ours, lockspace);
          tenure = null;
        }
      } catch (IOException | InterruptedException failure) {
        // Tried again.
      }
      ours.sleep(Duration.ofMillis(world.between(100, 3_000)));
    }
  }

  private void note(Life ours, Object what) {
    world.note(() -> this + ", life " + ours.number() + ": " + what);
  }

  private void renewed(Life ours, Membership membership) {
    if (tenure == null) {
      tenure = new Tenure();
    }
    tenure.lastRenewal = ours.inWorldTime(membership.lastRenewal());
  }

  private void keepRenewing(Life ours, Lockspace lockspace) {
    Duration pause = Duration.ofMillis(world.between(0, 200));
    while (true) {
      ours.sleep(pause);
      if (!quiet && world.chance(0.01) && mayLeave()) {
        leave(ours, lockspace);
        return;
      }
      try {
        switch (lockspace.renew()) {
          case RenewalResult.Renewed(Membership membership, boolean ignored) -> {
            renewed(ours, membership);
            pause = times.renewal();
          }
          case RenewalResult.Lost lost -> {
            note(ours, lost);
            killMachines();
            return;
          }
        }
      } catch (IOException failure) {
        pause = Duration.ofMillis(500);
      }
    }
  }

  /** Nothing is being acquired or given back, and nothing that was written is on its way still. */
  private boolean mayLeave() {
    return !unsettled && disk != null && disk.lastEffect() <= world.now();
  }

  /** Cleanly, as for maintenance: nothing runs on a lease any more. */
  private void leave(Life ours, Lockspace lockspace) {
    killMachines();
    for (int attempt = 0; attempt < 3; attempt++) {
      try {
        lockspace.release();
        return;
      } catch (IOException failure) {
        ours.sleep(Duration.ofMillis(500));
      }
    }
  }

  private void killMachines() {
    if (belief != null) {
      belief.end();
    }
  }

  private void useLease(Life ours, Lockspace lockspace, ResourceLease lease) {
    while (true) {
      ours.sleep(Duration.ofMillis(world.between(0, quiet ? 500 : 2_000)));
      if (lockspace.membership().isEmpty() || (quiet && (!lastWish || satisfied))) {
        continue;
      }
      LeaseMode mode = quiet || world.chance(0.75) ? LeaseMode.EXCLUSIVE : LeaseMode.SHARED;
      Long expected = lastVersion != null && world.chance(0.3) ? lastVersion : null;
      if (quiet) {
        expected = null;
      }
      try {
        OptionalLong wanted = expected == null ? OptionalLong.empty() : OptionalLong.of(expected);
        unsettled = true;
        AcquireResult result = lease.acquire(mode, wanted);
        note(ours, result);
        unsettled = result instanceof AcquireResult.OwnershipUnknown;
        if (result instanceof AcquireResult.Acquired(var ignored, long version)) {
          belief = referee.runs(this, ours, mode, version, expected);
          ours.sleep(Duration.ofMillis(quiet ? 10 : world.between(0, 4_000)));
          belief.end();
          satisfied |= quiet;
          unsettled = true;
          release(ours, lease);
        }
      } catch (IOException | InterruptedException failure) {
        unsettled = false; // Nothing was decided.
      }
    }
  }

  private void release(Life ours, ResourceLease lease) {
    while (true) {
      try {
        ReleaseResult result = lease.release();
        note(ours, result);
        unsettled = false;
        lastVersion = result instanceof ReleaseResult.Released(long version) ? version : null;
        return;
      } catch (IOException failure) {
        ours.sleep(Duration.ofMillis(world.between(10, 500)));
        if (!quiet && world.chance(0.2)) {
          return; // The next acquisition gives back first.
        }
      }
    }
  }

  /** The keeper is killed, and the kernel kills what it has started. */
  void crash(Life whose) {
    if (whose == life && !whose.isOver()) {
      note(whose, "crash");
      whose.end();
      bootAfter(world.between(0, 15 * World.SECOND));
    }
  }

  /**
   * A keeper starts when the one before is gone for good. A process with a write under way is not:
   * the kernel lets it go when that is done.
   */
  private void bootAfter(long pause) {
    long attempt = ++boots;
    long start = Math.max(world.now() + pause, disk == null ? 0 : disk.lastEffect() + 1);
    world.at(
        start,
        () -> {
          if (attempt == boots) {
            boot();
          }
        });
  }

  /** Nothing happens on the host for a time; if that is too long, its kernel kills at once then. */
  void freeze(Life whose) {
    if (whose == life && !whose.isOver() && !whose.isFrozen()) {
      note(whose, "freeze");
      whose.freeze();
      long length =
          world.chance(0.5)
              ? world.between(0, 3 * World.SECOND)
              : world.between(0, 25 * World.SECOND);
      world.at(world.now() + length, () -> thaw(whose));
    }
  }

  private void thaw(Life whose) {
    if (whose == life && !whose.isOver()) {
      if (tenure != null && world.now() >= fencedAt()) {
        crash(whose);
      } else {
        note(whose, "thaw");
        whose.thaw();
      }
    }
  }

  /** From now on nothing goes wrong. */
  void heal() {
    faults = Faults.NONE;
    quiet = true;
    life.end();
    bootAfter(0);
  }

  /** Wants the lease once more. */
  void wishOnceMore() {
    lastWish = true;
  }

  boolean isSatisfied() {
    return satisfied;
  }
}
