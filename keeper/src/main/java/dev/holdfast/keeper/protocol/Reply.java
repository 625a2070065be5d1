package dev.holdfast.keeper.protocol;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.holdfast.keeper.protocol.lease.HeldLease;
import dev.holdfast.keeper.protocol.lease.LeaseHolder;
import dev.holdfast.keeper.protocol.lease.LockspaceState;
import dev.holdfast.keeper.protocol.lease.MachineLeases;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The keeper's answer to one request. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
  @JsonSubTypes.Type(value = Reply.Welcome.class, name = "welcome"),
  @JsonSubTypes.Type(value = Reply.OneProcess.class, name = "process"),
  @JsonSubTypes.Type(value = Reply.Processes.class, name = "processes"),
  @JsonSubTypes.Type(value = Reply.OneLockspace.class, name = "lockspace"),
  @JsonSubTypes.Type(value = Reply.Lockspaces.class, name = "lockspaces"),
  @JsonSubTypes.Type(value = Reply.Leases.class, name = "leases"),
  @JsonSubTypes.Type(value = Reply.AllLeases.class, name = "allLeases"),
  @JsonSubTypes.Type(value = Reply.Done.class, name = "done"),
  @JsonSubTypes.Type(value = Reply.Failure.class, name = "failure")
})
public sealed interface Reply {
  /**
   * The keeper speaks with this client.
   *
   * @param version protocol version spoken from here on: the lower of the two sides' highest
   * @param pid the keeper's process id
   */
  record Welcome(int version, long pid) implements Reply {}

  /** The process that was launched or adopted. It may have ended in the meantime. */
  record OneProcess(ProcessState process) implements Reply {
    public OneProcess {
      Objects.requireNonNull(process, "process is missing");
    }
  }

  /**
   * Every live process, and those that ended and were neither forgotten nor launched again (the
   * newest 1024 of them).
   */
  record Processes(List<ProcessState> processes) implements Reply {
    public Processes {
      processes = List.copyOf(processes);
    }
  }

  record OneLockspace(LockspaceState state) implements Reply {
    public OneLockspace {
      Objects.requireNonNull(state, "state is missing");
    }
  }

  /** Every lockspace that was joined and not left. */
  record Lockspaces(List<LockspaceState> lockspaces) implements Reply {
    public Lockspaces {
      lockspaces = List.copyOf(lockspaces);
    }
  }

  /**
   * The leases of one machine.
   *
   * @param held what it holds; after a release what it held, with the last versions
   */
  record Leases(UUID machineId, List<HeldLease> held) implements Reply {
    public Leases {
      Objects.requireNonNull(machineId, "machineId is missing");
      held = List.copyOf(held);
    }
  }

  /** Every machine that holds leases. */
  record AllLeases(List<MachineLeases> machines) implements Reply {
    public AllLeases {
      machines = List.copyOf(machines);
    }
  }

  record Done() implements Reply {}

  /**
   * The request was not done.
   *
   * @param message where, why and what to do, for a human
   * @param holder who has the lease, where that is the reason
   */
  record Failure(FailureCode code, String message, @Nullable LeaseHolder holder) implements Reply {
    public Failure(FailureCode code, String message) {
      this(code, message, null);
    }

    public Failure {
      Objects.requireNonNull(code, "code is missing");
      Objects.requireNonNull(message, "message is missing");
    }
  }
}
