package dev.holdfast.keeper.fencing;

import dev.holdfast.keeper.process.KeeperRefusal;
import dev.holdfast.keeper.process.ProcessTable;
import dev.holdfast.keeper.protocol.FailureCode;
import dev.holdfast.keeper.protocol.ProcessSignal;
import dev.holdfast.keeper.protocol.ProcessState;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * Ends machines that may not go on. Sends SIGKILL through the pidfd; what counts as ended is what
 * was reaped, and nothing else: a process with I/O under way in a storage that hangs has got the
 * signal and still may write.
 */
public final class Executioner {
  private static final Logger log = System.getLogger(Executioner.class.getName());

  private final ProcessTable processes;

  public Executioner(ProcessTable processes) {
    this.processes = processes;
  }

  /**
   * What one round has come to.
   *
   * @param gone machines without a process, and without one that is being started
   * @param dying processes that were sent SIGKILL
   * @param starting machines whose process is being started, to be killed in a later round
   */
  public record Round(List<UUID> gone, List<ProcessState> dying, List<UUID> starting) {
    /** Whether the kernel has all it needs to end them, with or without the keeper. */
    public boolean allSentenced() {
      return starting.isEmpty();
    }
  }

  /** Kills what lives of the machines. Never blocks; to be called again until all are gone. */
  public Round round(Collection<UUID> machines) {
    var gone = new ArrayList<UUID>();
    var dying = new ArrayList<ProcessState>();
    var starting = new ArrayList<UUID>();
    for (UUID machine : machines) {
      // In this order: a launch that ends in between is seen as running.
      boolean isStarting = processes.isStarting(machine);
      Optional<ProcessState> process = processes.running(machine);
      if (process.isPresent() && kill(machine)) {
        dying.add(process.get());
      } else if (process.isPresent() || isStarting) {
        starting.add(machine);
      } else {
        gone.add(machine);
      }
    }
    return new Round(gone, dying, starting);
  }

  /** Returns false where that could not be done, which has to be tried again. */
  private boolean kill(UUID machine) {
    try {
      processes.signal(machine, ProcessSignal.KILL);
      return true;
    } catch (KeeperRefusal refusal) {
      if (refusal.code() != FailureCode.NO_SUCH_PROCESS) {
        log.log(Level.ERROR, "Machine {0} was not killed: {1}", machine, refusal.getMessage());
      }
      return false;
    }
  }

  /** How a process that was killed looks, for a human. */
  public static String describe(ProcessState process) {
    String state;
    try {
      state =
          Files.readAllLines(Path.of("/proc/" + process.pid() + "/status")).stream()
              .filter(line -> line.startsWith("State:"))
              .findFirst()
              .orElse("State: unknown");
    } catch (IOException gone) {
      state = "State: just gone";
    }
    return "machine "
        + process.machineId()
        + ", process "
        + process.pid()
        + " ("
        + state.substring("State:".length()).strip()
        + ")";
  }
}
