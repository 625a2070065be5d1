package dev.holdfast.keeper.protocol;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.holdfast.keeper.protocol.lease.Lease;
import dev.holdfast.keeper.protocol.lease.Lockspace;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What a client asks of the keeper. Constructors refuse what no keeper could do, with {@link
 * IllegalArgumentException} or {@link NullPointerException}.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
  @JsonSubTypes.Type(value = Request.Hello.class, name = "hello"),
  @JsonSubTypes.Type(value = Request.Launch.class, name = "launch"),
  @JsonSubTypes.Type(value = Request.ListProcesses.class, name = "list"),
  @JsonSubTypes.Type(value = Request.Adopt.class, name = "adopt"),
  @JsonSubTypes.Type(value = Request.SendSignal.class, name = "signal"),
  @JsonSubTypes.Type(value = Request.Forget.class, name = "forget"),
  @JsonSubTypes.Type(value = Request.FormatLockspace.class, name = "formatLockspace"),
  @JsonSubTypes.Type(value = Request.FormatLease.class, name = "formatLease"),
  @JsonSubTypes.Type(value = Request.JoinLockspace.class, name = "joinLockspace"),
  @JsonSubTypes.Type(value = Request.LeaveLockspace.class, name = "leaveLockspace"),
  @JsonSubTypes.Type(value = Request.ListLockspaces.class, name = "listLockspaces"),
  @JsonSubTypes.Type(value = Request.AcquireLeases.class, name = "acquireLeases"),
  @JsonSubTypes.Type(value = Request.ReleaseLeases.class, name = "releaseLeases"),
  @JsonSubTypes.Type(value = Request.ListLeases.class, name = "listLeases"),
  @JsonSubTypes.Type(value = Request.Upgrade.class, name = "upgrade")
})
public sealed interface Request {
  /**
   * Must come first. Answered by {@link Reply.Welcome}.
   *
   * @param version the highest protocol version that the client speaks
   * @param client who is calling, for the keeper's log
   */
  record Hello(int version, String client) implements Request {
    public Hello {
      Objects.requireNonNull(client, "client is missing");
    }
  }

  /**
   * Starts the process of a machine. Answered by {@link Reply.OneProcess} once the program has been
   * executed as the given user, so that whatever was to hold for it holds.
   *
   * @param machineId a UUID; refused if it has a live process
   * @param argv the program, as an absolute path, and its arguments
   * @param uid user to run as, at least 1: no guest's process is ever root
   * @param gid group to run as, at least 1
   * @param supplementaryGroups further groups, each at least 1 (that of /dev/kvm, for instance)
   * @param tie whether it dies with the keeper
   * @param logFile takes its standard output and error: at most the last 64 KiB in it and as much
   *     again in {@code logFile + ".1"}. Its directory must exist and must not be writable by
   *     {@code uid}
   */
  record Launch(
      UUID machineId,
      List<String> argv,
      int uid,
      int gid,
      List<Integer> supplementaryGroups,
      Tie tie,
      Path logFile)
      implements Request {
    public Launch {
      Objects.requireNonNull(machineId, "machineId is missing");
      Objects.requireNonNull(tie, "tie is missing");
      requireAbsolute(logFile, "logFile");
      argv = List.copyOf(Objects.requireNonNull(argv, "argv is missing"));
      require(
          !argv.isEmpty() && argv.getFirst().startsWith("/"),
          "argv must begin with the absolute path of a program");
      require(
          argv.stream().noneMatch(argument -> argument.indexOf('\0') >= 0),
          "argv must not contain NUL characters");
      require(uid >= 1, "uid must be 1 or more: a guest's process never runs as root");
      require(gid >= 1, "gid must be 1 or more: a guest's process never runs as root");
      supplementaryGroups = List.copyOf(Objects.requireNonNullElse(supplementaryGroups, List.of()));
      require(
          supplementaryGroups.stream().allMatch(group -> group >= 1),
          "supplementaryGroups must be 1 or more");
    }
  }

  /** Answered by {@link Reply.Processes}. */
  record ListProcesses() implements Request {}

  /**
   * Takes over a process that an earlier keeper started. Answered by {@link Reply.OneProcess};
   * adopting what is already held under the same id and pid does nothing.
   *
   * @param pid the process that is believed to run the machine
   * @param pidFile QEMU's pidfile; the process is taken only if it holds the lock on it and has the
   *     machine's UUID on its command line
   * @param logFile as in {@link Launch}; without it the output is no longer kept
   */
  record Adopt(UUID machineId, int pid, Path pidFile, @Nullable Path logFile) implements Request {
    public Adopt {
      Objects.requireNonNull(machineId, "machineId is missing");
      require(pid > 1, "pid must be more than 1");
      requireAbsolute(pidFile, "pidFile");
      if (logFile != null) {
        requireAbsolute(logFile, "logFile");
      }
    }
  }

  /** Sends a signal to the live process of a machine. Answered by {@link Reply.Done}. */
  record SendSignal(UUID machineId, ProcessSignal signal) implements Request {
    public SendSignal {
      Objects.requireNonNull(machineId, "machineId is missing");
      Objects.requireNonNull(signal, "signal is missing");
    }
  }

  /** Drops what is kept of a process that has ended. Answered by {@link Reply.Done}. */
  record Forget(UUID machineId) implements Request {
    public Forget {
      Objects.requireNonNull(machineId, "machineId is missing");
    }
  }

  /**
   * Makes a lockspace's file or area where there is none. Answered by {@link Reply.Done}, also when
   * the same lockspace is there already; anything else in its place is refused.
   */
  record FormatLockspace(Lockspace lockspace) implements Request {
    public FormatLockspace {
      Objects.requireNonNull(lockspace, "lockspace is missing");
    }
  }

  /**
   * Makes a lease's area where there is none, in a lockspace that is joined. Answered by {@link
   * Reply.Done}, also when the same lease is there already; a lease of another name is refused.
   */
  record FormatLease(Lease.Sanlock lease) implements Request {
    public FormatLease {
      Objects.requireNonNull(lease, "lease is missing");
    }
  }

  /**
   * Begins to join a lockspace, which goes on in the background until it is left. Answered by
   * {@link Reply.OneLockspace} at once; joining again does nothing, under another host id it is
   * refused.
   */
  record JoinLockspace(Lockspace lockspace) implements Request {
    public JoinLockspace {
      Objects.requireNonNull(lockspace, "lockspace is missing");
    }
  }

  /**
   * Gives the host id back. Answered by {@link Reply.Done}, also for one that is not joined;
   * refused while machines hold leases in it.
   */
  record LeaveLockspace(String name) implements Request {
    public LeaveLockspace {
      Objects.requireNonNull(name, "name is missing");
    }
  }

  /** Answered by {@link Reply.Lockspaces}. */
  record ListLockspaces() implements Request {}

  /**
   * Acquires leases for a machine, all or none, before it is launched or resumed. Answered by
   * {@link Reply.Leases} with all that the machine then holds. What it holds already is no error. A
   * lease whose holder may live is refused at once with {@link FailureCode#LEASE_HELD}.
   */
  record AcquireLeases(UUID machineId, List<Lease> leases) implements Request {
    public AcquireLeases {
      Objects.requireNonNull(machineId, "machineId is missing");
      leases = List.copyOf(Objects.requireNonNull(leases, "leases is missing"));
      require(
          leases.stream().map(Request::placeOf).distinct().count() == leases.size(),
          "leases must not name the same place twice");
    }
  }

  /**
   * Releases all leases of a machine. Answered by {@link Reply.Leases} with what was held.
   *
   * @param paused the machine's process lives and has been stopped; without it a live process is
   *     refused with {@link FailureCode#STILL_RUNNING}
   */
  record ReleaseLeases(UUID machineId, boolean paused) implements Request {
    public ReleaseLeases {
      Objects.requireNonNull(machineId, "machineId is missing");
    }
  }

  /** Answered by {@link Reply.AllLeases}. */
  record ListLeases() implements Request {}

  /**
   * Replaces the keeper's program without ending a machine or losing a lease: the same process
   * executes another program. Answered by {@link Reply.Done} just before, then the connection ends.
   *
   * @param command the new program, as an absolute path, and its arguments; empty or absent for the
   *     command line that the keeper was started with
   */
  record Upgrade(List<String> command) implements Request {
    public Upgrade {
      command = List.copyOf(Objects.requireNonNullElse(command, List.of()));
      require(
          command.isEmpty() || command.getFirst().startsWith("/"),
          "command must begin with the absolute path of a program");
    }
  }

  private static String placeOf(Lease lease) {
    return switch (lease) {
      case Lease.Sanlock(_, _, Path path, long offset, _, _) -> path + " at " + offset;
      case Lease.Ofd(Path path, _) -> path.toString();
    };
  }

  private static void require(boolean condition, String message) {
    if (!condition) {
      throw new IllegalArgumentException(message);
    }
  }

  private static void requireAbsolute(Path path, String name) {
    Objects.requireNonNull(path, name + " is missing");
    require(path.isAbsolute(), name + " must be an absolute path");
  }

  /**
   * A request as one line from a client.
   *
   * @param id chosen by the client, repeated in the reply
   */
  record Line(long id, Request request) {}
}
