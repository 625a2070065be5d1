package dev.holdfast.keeper.lease;

import dev.holdfast.keeper.linux.Descriptor;
import dev.holdfast.keeper.process.KeeperRefusal;
import dev.holdfast.keeper.process.ProcessTable;
import dev.holdfast.keeper.protocol.FailureCode;
import dev.holdfast.keeper.protocol.ProcessState;
import dev.holdfast.keeper.protocol.Request;
import dev.holdfast.keeper.protocol.Tie;
import dev.holdfast.keeper.protocol.lease.HeldLease;
import dev.holdfast.keeper.protocol.lease.Lease;
import dev.holdfast.keeper.protocol.lease.LeaseMode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * Processes and leases of machines together: what is done to one machine is done one after the
 * other, so that no process is started on a lease that is being released. Thread-safe.
 */
public final class Machines {
  private final ProcessTable processes;
  private final LeaseTable table;
  private final Gates gates;
  private final LeaseBackend<Lease.Ofd> ofd;
  private final LeaseBackend<Lease.Sanlock> sanlock;

  public Machines(
      ProcessTable processes,
      LeaseTable table,
      Gates gates,
      LeaseBackend<Lease.Ofd> ofd,
      LeaseBackend<Lease.Sanlock> sanlock) {
    this.processes = processes;
    this.table = table;
    this.gates = gates;
    this.ofd = ofd;
    this.sanlock = sanlock;
  }

  /** Starts a machine's process, which gets the descriptors of its leases. */
  public ProcessState launch(Request.Launch launch) throws KeeperRefusal {
    UUID machine = launch.machineId();
    try (var _ = gates.enter(machine)) {
      List<Holding> holdings = table.of(machine);
      // Leases in one lockspace have one descriptor.
      var inherited = new LinkedHashSet<Descriptor>();
      for (Holding holding : holdings) {
        if (holding.endsWithKeeper() && launch.tie() != Tie.KEEPER_LIFE) {
          throw new KeeperRefusal(
              FailureCode.FENCING_UNAVAILABLE,
              "machine "
                  + machine
                  + " holds a lease that ends with the keeper ("
                  + name(holding.held().lease())
                  + "): its process must have the tie keeperLife");
        }
        holding.confirm();
        holding.inherited().ifPresent(inherited::add);
      }
      return processes.launch(launch, List.copyOf(inherited));
    }
  }

  /** Takes over a process with the leases that it has kept. */
  public ProcessState adopt(Request.Adopt adopt) throws KeeperRefusal {
    UUID machine = adopt.machineId();
    try (var _ = gates.enter(machine)) {
      boolean held = processes.running(machine).isPresent();
      ProcessState process = processes.adopt(adopt);
      if (!held) {
        table.add(machine, ofd.find(process));
      }
      return process;
    }
  }

  /**
   * Acquires leases, all or none.
   *
   * @return all that the machine then holds
   */
  public List<HeldLease> acquire(Request.AcquireLeases request) throws KeeperRefusal {
    UUID machine = request.machineId();
    try (var _ = gates.enter(machine)) {
      Optional<ProcessState> process = processes.running(machine);
      List<Holding> before = table.of(machine);
      var fresh = new ArrayList<Holding>();
      boolean complete = false;
      try {
        for (Lease lease : request.leases()) {
          if (!isHeld(before, lease)) {
            fresh.add(acquire(machine, process, lease));
          }
        }
        complete = true;
      } finally {
        if (!complete) {
          fresh.reversed().forEach(holding -> holding.release(process.isPresent()));
        }
      }
      table.add(machine, fresh);
      return held(table.of(machine));
    }
  }

  private Holding acquire(UUID machine, Optional<ProcessState> process, Lease lease)
      throws KeeperRefusal {
    return switch (lease) {
      case Lease.Ofd lock -> ofd.acquire(machine, process, lock);
      case Lease.Sanlock resource -> sanlock.acquire(machine, process, resource);
    };
  }

  /**
   * Whether the machine has the lease, in a mode that is enough.
   *
   * @throws KeeperRefusal if it has it in another mode
   */
  private static boolean isHeld(List<Holding> holdings, Lease lease) throws KeeperRefusal {
    for (Holding holding : holdings) {
      Lease held = holding.held().lease();
      if (isSamePlace(held, lease)) {
        if (held.mode() == LeaseMode.SHARED && lease.mode() == LeaseMode.EXCLUSIVE) {
          throw new KeeperRefusal(
              FailureCode.LEASE_HELD,
              "the machine itself holds the lease "
                  + name(lease)
                  + " shared: release it before it is acquired exclusively");
        }
        holding.confirm();
        return true;
      }
    }
    return false;
  }

  private static boolean isSamePlace(Lease one, Lease other) {
    return switch (one) {
      case Lease.Ofd(Path path, _) ->
          other instanceof Lease.Ofd(Path otherPath, _) && path.equals(otherPath);
      case Lease.Sanlock held ->
          other instanceof Lease.Sanlock wanted
              && held.path().equals(wanted.path())
              && held.offset() == wanted.offset();
    };
  }

  private static String name(Lease lease) {
    return switch (lease) {
      case Lease.Ofd(Path path, _) -> path.toString();
      case Lease.Sanlock(var lockspace, var resource, _, _, _, _) -> lockspace + ":" + resource;
    };
  }

  /**
   * Releases all leases of a machine.
   *
   * @return what was held
   */
  public List<HeldLease> release(Request.ReleaseLeases request) throws KeeperRefusal {
    UUID machine = request.machineId();
    try (var _ = gates.enter(machine)) {
      Optional<ProcessState> process = processes.running(machine);
      if (process.isPresent() && !request.paused()) {
        throw new KeeperRefusal(
            FailureCode.STILL_RUNNING,
            "machine "
                + machine
                + " still runs as process "
                + process.get().pid()
                + ": end it first, or stop it and say paused");
      }
      var released = new ArrayList<HeldLease>();
      for (Holding holding : table.remove(machine)) {
        released.add(holding.release(process.isPresent()));
      }
      return released;
    }
  }

  private static List<HeldLease> held(List<Holding> holdings) {
    return holdings.stream().map(Holding::held).toList();
  }
}
