package dev.holdfast.keeper.protocol.lease;

import java.util.List;
import java.util.Objects;
import java.util.UUID;

/** What one machine holds. */
public record MachineLeases(UUID machineId, List<HeldLease> held) {
  public MachineLeases {
    Objects.requireNonNull(machineId, "machineId is missing");
    held = List.copyOf(Objects.requireNonNull(held, "held is missing"));
  }
}
