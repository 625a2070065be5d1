package dev.holdfast.keeper.server;

import dev.holdfast.keeper.fencing.DeadMan;
import dev.holdfast.keeper.fencing.Executioner;
import dev.holdfast.keeper.fencing.Fencing;
import dev.holdfast.keeper.lease.Gates;
import dev.holdfast.keeper.lease.LeaseLosses;
import dev.holdfast.keeper.lease.LeaseTable;
import dev.holdfast.keeper.lease.Machines;
import dev.holdfast.keeper.lease.ofd.OfdBackend;
import dev.holdfast.keeper.lease.sanlock.LockspaceHandover;
import dev.holdfast.keeper.lease.sanlock.Lockspaces;
import dev.holdfast.keeper.lease.sanlock.SanlockBackend;
import dev.holdfast.keeper.process.ProcessTable;
import dev.holdfast.keeper.protocol.Event;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Consumer;

/** Everything about leases, put together. */
record Leases(
    LeaseTable table,
    Machines machines,
    Lockspaces lockspaces,
    LockspaceHandover handover,
    OfdBackend ofd,
    DeadMan deadMan)
    implements AutoCloseable {
  static Leases create(
      KeeperOptions options, ProcessTable processes, Clock clock, Consumer<Event> events) {
    var table = new LeaseTable();
    var gates = new Gates();
    DeadMan deadMan = DeadMan.create();
    var fencing =
        new Fencing(
            deadMan,
            new Executioner(processes),
            options.watchdog(),
            options.watchdogSocket(),
            options.watchdogFireTimeout());
    Path directory = Objects.requireNonNull(options.socket().toAbsolutePath().getParent());
    var lockspaces =
        new Lockspaces(
            directory,
            fencing,
            new LeaseLosses(processes, table, gates, events),
            clock,
            state -> events.accept(new Event.LockspaceChanged(state)));
    var ofd = new OfdBackend(table, clock);
    var sanlock = new SanlockBackend(lockspaces, clock);
    return new Leases(
        table,
        new Machines(processes, table, gates, ofd, sanlock),
        lockspaces,
        new LockspaceHandover(lockspaces, sanlock, table),
        ofd,
        deadMan);
  }

  void exited(UUID machine) {
    ofd.exited(machine);
  }

  @Override
  public void close() {
    lockspaces.close();
    deadMan.close();
  }
}
