package dev.holdfast.keeper.lease.ofd;

import dev.holdfast.keeper.handover.HandedLock;
import dev.holdfast.keeper.lease.DisposableThread;
import dev.holdfast.keeper.lease.Holding;
import dev.holdfast.keeper.lease.LeaseBackend;
import dev.holdfast.keeper.lease.LeaseTable;
import dev.holdfast.keeper.linux.Descriptor;
import dev.holdfast.keeper.linux.OfdLock;
import dev.holdfast.keeper.linux.Pidfd;
import dev.holdfast.keeper.process.KeeperRefusal;
import dev.holdfast.keeper.protocol.FailureCode;
import dev.holdfast.keeper.protocol.ProcessState;
import dev.holdfast.keeper.protocol.Tie;
import dev.holdfast.keeper.protocol.lease.Lease;
import dev.holdfast.keeper.protocol.lease.LeaseHolder;
import dev.holdfast.keeper.protocol.lease.LeaseMode;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * Locks on files. The keeper opens and locks the file, and hands the descriptor down to the
 * machine's process: as both have the same open file description, the lock lives until both are
 * gone, and either can unlock it. A later keeper finds the descriptor in the process again.
 */
public final class OfdBackend implements LeaseBackend<Lease.Ofd> {
  /** For a file system that does not answer. */
  static final Duration LIMIT = Duration.ofSeconds(10);

  private static final Logger log = System.getLogger(OfdBackend.class.getName());

  private final LeaseTable table;
  private final Clock clock;

  /** Descriptions of paused machines that hold no lock now. Guarded by this. */
  private final Map<UUID, List<OfdLock>> unlocked = new HashMap<>();

  /**
   * @param table asked for which machine of this host holds a lock
   */
  public OfdBackend(LeaseTable table, Clock clock) {
    this.table = table;
    this.clock = clock;
  }

  @Override
  public Holding acquire(UUID machine, Optional<ProcessState> process, Lease.Ofd lease)
      throws KeeperRefusal {
    try {
      return DisposableThread.call(
          "locking " + lease.path(),
          LIMIT,
          () -> lock(machine, process, lease),
          late -> late.release(false));
    } catch (Refused refused) {
      throw refused.refusal;
    } catch (IOException failure) {
      throw new KeeperRefusal(
          FailureCode.LEASE_STORAGE,
          "the lock on " + lease.path() + " was not taken: " + failure.getMessage());
    }
  }

  private OfdHolding lock(UUID machine, Optional<ProcessState> process, Lease.Ofd lease)
      throws IOException {
    Optional<OfdLock> known = known(machine, process, lease.path());
    boolean heldByProcess = process.isEmpty() || known.isPresent();
    if (!heldByProcess && process.get().tie() != Tie.KEEPER_LIFE) {
      throw new Refused(
          new KeeperRefusal(
              FailureCode.FENCING_UNAVAILABLE,
              "machine "
                  + machine
                  + " runs without a descriptor of "
                  + lease.path()
                  + " and outlives the keeper, so nobody would hold the lock then: stop it first"));
    }
    OfdLock lock = known.isPresent() ? known.get() : OfdLock.open(lease.path());
    boolean locked = false;
    try {
      locked = lock.tryLock(mode(lease.mode()));
      if (!locked) {
        throw new Refused(heldBy(lease, lock.note()));
      }
      if (lease.mode() == LeaseMode.EXCLUSIVE) {
        writeNote(lock, machine);
      }
      return new OfdHolding(this, machine, lease, lock, heldByProcess, clock.instant());
    } finally {
      if (!locked && known.isPresent()) {
        keep(machine, lock);
      } else if (!locked) {
        lock.close();
      }
    }
  }

  private static OfdLock.Mode mode(LeaseMode mode) {
    return switch (mode) {
      case EXCLUSIVE -> OfdLock.Mode.EXCLUSIVE;
      case SHARED -> OfdLock.Mode.SHARED;
    };
  }

  private static LeaseMode mode(OfdLock.Mode mode) {
    return switch (mode) {
      case EXCLUSIVE -> LeaseMode.EXCLUSIVE;
      case SHARED -> LeaseMode.SHARED;
    };
  }

  /** The description that a live process has: kept since it was paused, or found in it. */
  private Optional<OfdLock> known(UUID machine, Optional<ProcessState> process, Path path)
      throws IOException {
    if (process.isEmpty()) {
      return Optional.empty();
    }
    synchronized (this) {
      List<OfdLock> kept = unlocked.getOrDefault(machine, List.of());
      Optional<OfdLock> same = kept.stream().filter(lock -> lock.file().equals(path)).findFirst();
      if (same.isPresent()) {
        kept.remove(same.get());
        return same;
      }
    }
    if (Files.notExists(path)) {
      return Optional.empty();
    }
    for (OfdLock.Foreign open : OfdLock.openIn(process.get().pid())) {
      if (open.path().equals(path.toRealPath())) {
        return Optional.of(take(process.get(), open));
      }
    }
    return Optional.empty();
  }

  /** The table of processes knows the pid as live, and nobody but the keeper reaps it. */
  private static OfdLock take(ProcessState process, OfdLock.Foreign open) throws IOException {
    try (Pidfd pidfd = Pidfd.open(process.pid())) {
      return OfdLock.take(pidfd, open);
    }
  }

  synchronized void keep(UUID machine, OfdLock lock) {
    unlocked.computeIfAbsent(machine, _ -> new ArrayList<>()).add(lock);
  }

  private KeeperRefusal heldBy(Lease.Ofd lease, String note) {
    Optional<UUID> machine = table.holderOf(held -> held.lease().path().equals(lease.path()));
    String who =
        machine
            .map(id -> "machine " + id + " of this host")
            .orElse(note.isEmpty() ? "somebody" : "somebody else, at last " + note + ",");
    return new KeeperRefusal(
        FailureCode.LEASE_HELD,
        who + " holds the lock on " + lease.path(),
        new LeaseHolder(lease, machine.orElse(null), null, null, null, null, null));
  }

  private void writeNote(OfdLock lock, UUID machine) {
    try {
      String host = Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
      lock.writeNote("host " + host + ", machine " + machine + ", since " + clock.instant() + "\n");
    } catch (IOException failure) {
      // A full file system must not keep a machine from its disk: the lock is what counts.
      log.log(Level.WARNING, "{0} does not say who holds it: {1}", lock.file(), failure);
    }
  }

  @Override
  public List<Holding> find(ProcessState process) {
    var found = new ArrayList<Holding>();
    try {
      for (OfdLock.Foreign open : OfdLock.openIn(process.pid())) {
        if (!open.locks().isEmpty()) {
          var lease = new Lease.Ofd(open.path(), mode(open.locks().getFirst()));
          found.add(
              new OfdHolding(
                  this, process.machineId(), lease, take(process, open), true, clock.instant()));
        }
      }
    } catch (IOException failure) {
      log.log(
          Level.ERROR,
          "Which locks machine {0} holds cannot be known: {1}",
          process.machineId(),
          failure.getMessage());
    }
    return found;
  }

  /** For the program that this process executes next. */
  public synchronized List<HandedLock> handOver() throws IOException {
    var handed = new ArrayList<HandedLock>();
    for (Holding holding : table.all()) {
      if (holding instanceof OfdHolding lock) {
        handed.add(lock.handOver());
      }
    }
    for (Map.Entry<UUID, List<OfdLock>> entry : unlocked.entrySet()) {
      for (OfdLock lock : entry.getValue()) {
        var lease = new Lease.Ofd(lock.file(), LeaseMode.EXCLUSIVE);
        int descriptor = lock.descriptor().keepAcrossExec();
        handed.add(new HandedLock(entry.getKey(), lease, descriptor, true, null));
      }
    }
    return handed;
  }

  /** What the program before this one has held. */
  public void takeOver(List<HandedLock> locks) throws IOException {
    for (HandedLock handed : locks) {
      Descriptor descriptor = Descriptor.inherited(handed.descriptor());
      OfdLock lock = OfdLock.inherited(handed.lease().path(), descriptor);
      Instant since = handed.since();
      if (since == null) {
        keep(handed.machine(), lock);
      } else {
        table.add(
            handed.machine(),
            List.of(
                new OfdHolding(
                    this, handed.machine(), handed.lease(), lock, handed.heldByProcess(), since)));
      }
    }
  }

  @Override
  public void exited(UUID machine) {
    List<OfdLock> kept;
    synchronized (this) {
      kept = unlocked.remove(machine);
    }
    if (kept != null) {
      Thread.ofPlatform().name("keeper-storage").daemon().start(() -> kept.forEach(OfdLock::close));
    }
  }

  /** Carries a refusal out of a task that may throw {@link IOException} only. */
  private static final class Refused extends IOException {
    private static final long serialVersionUID = 1L;

    private final transient KeeperRefusal refusal;

    Refused(KeeperRefusal refusal) {
      super(refusal);
      this.refusal = refusal;
    }
  }
}
