package dev.holdfast.keeper.lease;

import dev.holdfast.keeper.process.ProcessTable;
import dev.holdfast.keeper.protocol.Event;
import dev.holdfast.keeper.protocol.lease.HeldLease;
import dev.holdfast.keeper.protocol.lease.Lease;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;

/** Forgets the leases of machines that were ended, and tells of them. */
public final class LeaseLosses implements LostLeases {
  private final ProcessTable processes;
  private final LeaseTable table;
  private final Gates gates;
  private final Consumer<Event> events;

  /**
   * @param events must not block
   */
  public LeaseLosses(
      ProcessTable processes, LeaseTable table, Gates gates, Consumer<Event> events) {
    this.processes = processes;
    this.table = table;
    this.gates = gates;
    this.events = events;
  }

  @Override
  public boolean drop(UUID machine, String lockspace, String reason) {
    Optional<Gates.Passage> gate =
        machine.equals(KEEPER) ? Optional.empty() : gates.tryEnter(machine);
    if (gate.isEmpty()) {
      return false;
    }
    try (var _ = gate.get()) {
      if (processes.running(machine).isPresent()) {
        return false;
      }
      List<HeldLease> lost =
          table.remove(machine, held -> isIn(lockspace, held.lease())).stream()
              .map(Holding::held)
              .toList();
      if (!lost.isEmpty()) {
        events.accept(new Event.LeasesLost(machine, lost, reason));
      }
      return true;
    }
  }

  private static boolean isIn(String lockspace, Lease lease) {
    return lease instanceof Lease.Sanlock sanlock && sanlock.lockspace().equals(lockspace);
  }
}
