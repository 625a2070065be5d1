package dev.holdfast.node.host.qemu;

import dev.holdfast.node.host.HostException;
import dev.holdfast.node.plan.HostState.QemuProcess;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Who starts QEMU processes and knows how they end. */
interface QemuProcesses extends AutoCloseable {

  /**
   * A process, living or ended.
   *
   * @param since when it was started, or adopted where only that is known
   * @param exit how it ended, or null while it lives
   */
  record Known(String uuid, long processId, Instant since, QemuProcess.@Nullable Exited exit) {}

  /** Hears of ends and of gaps. Must not block. */
  interface Listener {
    /** May come before {@link #launch} has returned the process. */
    void exited(Known process);

    /** From now on ends are missed. */
    void disconnected();

    /** Some ends may have been missed: everything is to be read again. */
    void reconnected();
  }

  /**
   * What a process may do, and how long.
   *
   * @param uid user and group
   * @param groups further groups
   * @param tiedToKeeper whether the kernel ends it together with the keeper
   */
  record Rights(int uid, List<Integer> groups, boolean tiedToKeeper) {
    public Rights {
      groups = List.copyOf(groups);
    }
  }

  /**
   * Starts a process without privileges.
   *
   * @param log file for its standard output and error
   * @return at once, perhaps with a process that has already ended
   */
  Known launch(String uuid, List<String> command, Rights rights, Path log) throws HostException;

  /** Every living process, and those that ended and were not forgotten. */
  List<Known> list() throws HostException;

  /**
   * Takes over a living process that is not in the list.
   *
   * @param pidFile proves it: the process holds the lock on it
   * @return empty when it has ended or is not provably the machine's
   */
  Optional<Known> adopt(String uuid, long processId, Path pidFile, Path log) throws HostException;

  /** Sends SIGKILL; does nothing where there is no living process. */
  void kill(String uuid) throws HostException;

  /** Drops the memory of an ended process; does nothing where there is none. */
  void forget(String uuid) throws HostException;

  /** Sets the one listener, before the first use. */
  void listen(Listener listener);

  /** Lets go of them; they run on. */
  @Override
  void close();
}
