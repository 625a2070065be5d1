package dev.holdfast.keeper.process;

import dev.holdfast.keeper.linux.Descriptor;
import dev.holdfast.keeper.linux.Execution;
import dev.holdfast.keeper.linux.FirstThread;
import dev.holdfast.keeper.linux.PosixSpawn;
import dev.holdfast.keeper.protocol.Request;
import dev.holdfast.keeper.protocol.Tie;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Starts processes from one thread that lives as long as the keeper: PR_SET_PDEATHSIG fires when
 * the parent <em>thread</em> ends (prctl(2)), so a pooled or virtual thread would kill its machines
 * at will. Where it can be had it is the first thread of the process, which even lives through an
 * upgrade of the keeper.
 */
final class Spawner implements AutoCloseable {
  private static final Logger log = System.getLogger(Spawner.class.getName());

  /**
   * Of util-linux. It sets the death signal after the change of user, which would clear it, and
   * before the program is executed.
   */
  static final String SETPRIV = "/usr/bin/setpriv";

  /** Nothing of the keeper's own environment reaches a machine. */
  private static final List<String> ENVIRONMENT =
      List.of(
          "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8");

  private final @Nullable FirstThread first;

  /** Takes the first thread's place where that cannot be had. */
  private final ExecutorService other =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().name("keeper-spawner").daemon().factory());

  Spawner() {
    FirstThread claimed = null;
    try {
      claimed = FirstThread.claim();
    } catch (IOException unavailable) {
      log.log(
          Level.WARNING,
          "The keeper cannot be upgraded without ending machines: {0}",
          unavailable.getMessage());
    }
    this.first = claimed;
  }

  /**
   * Returns the pid as soon as setpriv runs, which is before it has executed the program.
   *
   * @param inherited descriptors that the program gets too
   */
  int spawn(Request.Launch launch, Descriptor output, List<Descriptor> inherited)
      throws IOException {
    List<String> command = command(launch);
    Callable<Integer> start = () -> PosixSpawn.start(command, ENVIRONMENT, output, inherited);
    if (first != null) {
      return first.call(start);
    }
    try {
      return other.submit(start).get();
    } catch (ExecutionException failure) {
      throw new IOException(
          failure.getCause() == null ? "spawning failed" : failure.getCause().getMessage(),
          failure);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while a process was started");
    }
  }

  boolean canExecute() {
    return first != null;
  }

  /** Executes another program from the thread whose children live on; does not return. */
  void execute(
      List<String> command, List<String> environment, List<Integer> descriptors, int alarmSeconds)
      throws IOException {
    if (first == null) {
      throw new IOException("the first thread is not at hand, so machines would be killed");
    }
    Execution.replace(first, command, environment, descriptors, alarmSeconds);
  }

  static List<String> command(Request.Launch launch) {
    var command =
        new ArrayList<>(
            List.of(
                SETPRIV,
                "--reuid=" + launch.uid(),
                "--regid=" + launch.gid(),
                launch.supplementaryGroups().isEmpty()
                    ? "--clear-groups"
                    : "--groups="
                        + launch.supplementaryGroups().stream()
                            .map(String::valueOf)
                            .collect(Collectors.joining(",")),
                "--no-new-privs",
                "--inh-caps=-all",
                "--ambient-caps=-all",
                "--bounding-set=-all"));
    if (launch.tie() == Tie.KEEPER_LIFE) {
      command.add("--pdeathsig=KILL");
    }
    command.add("--");
    command.addAll(launch.argv());
    return command;
  }

  @Override
  public void close() {
    if (first != null) {
      first.close();
    }
    other.shutdown();
  }
}
