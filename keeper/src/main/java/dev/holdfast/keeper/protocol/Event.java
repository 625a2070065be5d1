package dev.holdfast.keeper.protocol;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.holdfast.keeper.protocol.lease.HeldLease;
import dev.holdfast.keeper.protocol.lease.LockspaceState;
import java.util.List;
import java.util.Objects;
import java.util.UUID;

/** What the keeper tells all its clients unasked. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
  @JsonSubTypes.Type(value = Event.Exited.class, name = "exited"),
  @JsonSubTypes.Type(value = Event.LockspaceChanged.class, name = "lockspaceChanged"),
  @JsonSubTypes.Type(value = Event.LeasesLost.class, name = "leasesLost")
})
public sealed interface Event {
  /**
   * A process has ended. It may overtake the reply to the request that launched it.
   *
   * @param process with its exit present
   */
  record Exited(ProcessState process) implements Event {
    public Exited {
      Objects.requireNonNull(process, "process is missing");
      Objects.requireNonNull(process.exit(), "process.exit is missing");
    }
  }

  /** The phase of a lockspace, or the state of another host in it, is another one than before. */
  record LockspaceChanged(LockspaceState state) implements Event {
    public LockspaceChanged {
      Objects.requireNonNull(state, "state is missing");
    }
  }

  /**
   * The keeper has killed a machine because it could no longer vouch for its leases. Told when the
   * process is gone; its {@link Exited} comes beside this, in either order.
   *
   * @param leases what it held
   * @param reason for a human
   */
  record LeasesLost(UUID machineId, List<HeldLease> leases, String reason) implements Event {
    public LeasesLost {
      Objects.requireNonNull(machineId, "machineId is missing");
      leases = List.copyOf(Objects.requireNonNull(leases, "leases is missing"));
      Objects.requireNonNull(reason, "reason is missing");
    }
  }
}
