package dev.holdfast.keeper.process;

import dev.holdfast.keeper.handover.HandedProcess;
import dev.holdfast.keeper.linux.Descriptor;
import dev.holdfast.keeper.linux.DescriptorWatcher;
import dev.holdfast.keeper.linux.LinuxException;
import dev.holdfast.keeper.linux.OutputPipe;
import dev.holdfast.keeper.linux.Pidfd;
import dev.holdfast.keeper.protocol.FailureCode;
import dev.holdfast.keeper.protocol.Origin;
import dev.holdfast.keeper.protocol.ProcessExit;
import dev.holdfast.keeper.protocol.ProcessSignal;
import dev.holdfast.keeper.protocol.ProcessState;
import dev.holdfast.keeper.protocol.Request;
import dev.holdfast.keeper.protocol.Tie;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Every process of the host's machines: at most one live process per machine, and how the last one
 * ended. Thread-safe.
 */
public final class ProcessTable implements AutoCloseable {
  /** How many ended processes are remembered for a client that was away. */
  static final int REMEMBERED_EXITS = 1024;

  private static final long EXEC_TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final long EXEC_POLL_MICROS = 300;

  private final Clock clock;
  private final Consumer<ProcessState> onExit;
  private final DescriptorWatcher watcher;
  private final Spawner spawner = new Spawner();

  /** Guarded by this table. */
  private final Map<UUID, Supervised> live = new LinkedHashMap<>();

  /** Machines whose launch or adoption is under way. Guarded by this table. */
  private final Set<UUID> reserved = new HashSet<>();

  /** Eldest first. Guarded by this table. */
  private final LinkedHashMap<UUID, ProcessState> ended = new LinkedHashMap<>();

  /**
   * @param onExit called once for each process that has ended, never blocking
   */
  public ProcessTable(Clock clock, Consumer<ProcessState> onExit) throws IOException {
    this.clock = clock;
    this.onExit = onExit;
    this.watcher = DescriptorWatcher.start();
  }

  /**
   * Starts a process and waits until it has become the program that was asked for.
   *
   * @param inherited descriptors of locks that the process gets too
   */
  public ProcessState launch(Request.Launch launch, List<Descriptor> inherited)
      throws KeeperRefusal {
    UUID machine = launch.machineId();
    reserve(machine, null);
    Supervised process = null;
    try {
      process = start(launch, inherited);
      awaitProgram(launch, process);
      return admit(process);
    } catch (IOException failure) {
      if (process != null) {
        kill(process);
      }
      throw new KeeperRefusal(
          FailureCode.LAUNCH_FAILED,
          "machine " + machine + " was not started: " + failure.getMessage());
    } finally {
      unreserve(machine);
    }
  }

  private Supervised start(Request.Launch launch, List<Descriptor> inherited) throws IOException {
    var outputLog = new OutputLog(launch.logFile());
    OutputPipe pipe;
    try {
      pipe = OutputPipe.open();
    } catch (IOException failure) {
      outputLog.close();
      throw failure;
    }
    try {
      int pid = spawner.spawn(launch, pipe.write(), inherited);
      // Nobody else reaps our children, so the pid cannot have been given away.
      Pidfd pidfd = Pidfd.open(pid);
      var state =
          new ProcessState(
              launch.machineId(), pid, launch.tie(), Origin.LAUNCHED, clock.instant(), null);
      var process = new Supervised(state, pidfd, pipe.read(), outputLog, watcher, clock);
      process.watch();
      return process;
    } catch (IOException failure) {
      outputLog.close();
      pipe.read().close();
      throw failure;
    } finally {
      pipe.write().close();
    }
  }

  /**
   * From here on the user is changed and the death signal is set: a client that has its reply can
   * rely on both. A keeper that dies earlier leaves at worst a QEMU that was never told to run.
   */
  private static void awaitProgram(Request.Launch launch, Supervised process) throws IOException {
    int pid = process.state().pid();
    List<String> own = Identity.commandLine(Math.toIntExact(ProcessHandle.current().pid()));
    long deadline = System.nanoTime() + EXEC_TIMEOUT_NANOS;
    while (System.nanoTime() < deadline) {
      ProcessExit exit = pause(process);
      if (exit != null) {
        if (exit.outputTail().startsWith("setpriv: ")) {
          throw new IOException(exit.outputTail().strip());
        }
        return;
      }
      List<String> commandLine;
      try {
        commandLine = Identity.commandLine(pid);
      } catch (IOException gone) {
        continue;
      }
      // It is empty while the kernel exchanges the program, and for a zombie. Just before, a child
      // that was made like vfork(2) still has our memory, and with it our command line.
      if (!commandLine.isEmpty()
          && !commandLine.equals(own)
          && !commandLine.getFirst().equals(Spawner.SETPRIV)) {
        return;
      }
    }
    throw new IOException(launch.argv().getFirst() + " was not executed within 10 s");
  }

  private static @Nullable ProcessExit pause(Supervised process) throws InterruptedIOException {
    try {
      return process.ended().get(EXEC_POLL_MICROS, TimeUnit.MICROSECONDS);
    } catch (TimeoutException stillAlive) {
      return null;
    } catch (ExecutionException impossible) {
      throw new IllegalStateException(impossible);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while a process was started");
    }
  }

  private static void kill(Supervised process) {
    try {
      boolean ignored = process.signal(ProcessSignal.KILL);
    } catch (IOException failure) {
      System.getLogger(ProcessTable.class.getName())
          .log(System.Logger.Level.ERROR, "A failed launch was not killed", failure);
    }
  }

  /**
   * Takes over a process that was started by an earlier keeper, once it is proven to be the
   * machine's.
   */
  public ProcessState adopt(Request.Adopt adopt) throws KeeperRefusal {
    ProcessState held = reserve(adopt.machineId(), adopt.pid());
    if (held != null) {
      return held;
    }
    try {
      return admit(take(adopt));
    } catch (IOException failure) {
      throw Identity.refusal(adopt, String.valueOf(failure.getMessage()));
    } finally {
      unreserve(adopt.machineId());
    }
  }

  private Supervised take(Request.Adopt adopt) throws IOException, KeeperRefusal {
    // First the pidfd, then the proof, then a look whether it lives: so the proof is of the process
    // that is held.
    Pidfd pidfd = Pidfd.open(adopt.pid());
    try {
      Identity.confirm(adopt);
      if (pidfd.hasExited()) {
        throw Identity.refusal(adopt, "it has just ended");
      }
      OutputLog outputLog =
          adopt.logFile() == null ? new OutputLog() : new OutputLog(adopt.logFile());
      var state =
          new ProcessState(
              adopt.machineId(),
              adopt.pid(),
              Tie.INDEPENDENT,
              Origin.ADOPTED,
              clock.instant(),
              null);
      var process = new Supervised(state, pidfd, outputOf(adopt.pid()), outputLog, watcher, clock);
      process.watch();
      return process;
    } catch (IOException | KeeperRefusal failure) {
      pidfd.close();
      throw failure;
    }
  }

  private static @Nullable Descriptor outputOf(int pid) {
    try {
      return Descriptor.reopenStandardErrorOf(pid);
    } catch (IOException noPipe) {
      // A process that was started by other means: it is watched all the same.
      return null;
    }
  }

  public void signal(UUID machine, ProcessSignal signal) throws KeeperRefusal {
    Supervised process;
    synchronized (this) {
      process = live.get(machine);
    }
    try {
      if (process != null && process.signal(signal)) {
        return;
      }
    } catch (LinuxException failure) {
      throw new KeeperRefusal(
          FailureCode.INTERNAL,
          "signal " + signal + " to machine " + machine + ": " + failure.getMessage());
    } catch (IOException failure) {
      throw new KeeperRefusal(FailureCode.INTERNAL, String.valueOf(failure.getMessage()));
    }
    throw new KeeperRefusal(
        FailureCode.NO_SUCH_PROCESS, "machine " + machine + " has no live process");
  }

  public synchronized void forget(UUID machine) throws KeeperRefusal {
    if (live.containsKey(machine) || reserved.contains(machine)) {
      throw new KeeperRefusal(
          FailureCode.STILL_RUNNING, "machine " + machine + " has a live process: end it first");
    }
    if (ended.remove(machine) == null) {
      throw new KeeperRefusal(
          FailureCode.NO_SUCH_PROCESS, "nothing is known of machine " + machine);
    }
  }

  /** The live process of a machine; also one that has ended and was not reaped yet. */
  public synchronized Optional<ProcessState> running(UUID machine) {
    return Optional.ofNullable(live.get(machine)).map(Supervised::state);
  }

  /** Whether a process of the machine may come to be that {@link #running} does not show yet. */
  public synchronized boolean isStarting(UUID machine) {
    return reserved.contains(machine);
  }

  public synchronized List<ProcessState> list() {
    return Stream.concat(ended.values().stream(), live.values().stream().map(Supervised::state))
        .toList();
  }

  /**
   * Returns the state of the live process if it has the given pid, so that adopting twice is no
   * error.
   */
  private synchronized @Nullable ProcessState reserve(UUID machine, @Nullable Integer adoptedPid)
      throws KeeperRefusal {
    Supervised process = live.get(machine);
    if (process != null && adoptedPid != null && process.state().pid() == adoptedPid) {
      return process.state();
    }
    if (process != null) {
      throw new KeeperRefusal(
          FailureCode.ALREADY_RUNNING,
          "machine " + machine + " already runs as process " + process.state().pid());
    }
    if (!reserved.add(machine)) {
      throw new KeeperRefusal(
          FailureCode.ALREADY_RUNNING,
          "machine " + machine + " is being started by another request");
    }
    return null;
  }

  private synchronized void unreserve(UUID machine) {
    reserved.remove(machine);
  }

  private ProcessState admit(Supervised process) {
    UUID machine = process.state().machineId();
    synchronized (this) {
      ended.remove(machine);
      live.put(machine, process);
    }
    var _ = process.ended().thenRun(() -> retire(process));
    return process.state();
  }

  private void retire(Supervised process) {
    ProcessState state = process.state();
    synchronized (this) {
      live.remove(state.machineId(), process);
      ended.putLast(state.machineId(), state);
      while (ended.size() > REMEMBERED_EXITS) {
        ended.pollFirstEntry();
      }
    }
    onExit.accept(state);
  }

  /** For the program that this process executes next, when nothing is started any more. */
  public synchronized List<HandedProcess> handOver() throws IOException {
    var handed = new ArrayList<HandedProcess>();
    for (ProcessState state : ended.values()) {
      handed.add(new HandedProcess(state, null, null));
    }
    for (Supervised process : live.values()) {
      handed.add(process.handOver());
    }
    return handed;
  }

  /** What the program before this one has known; its children are ours now, as it was us. */
  public void takeOver(List<HandedProcess> processes) throws IOException {
    for (HandedProcess handed : processes) {
      ProcessState state = handed.state();
      if (!state.isRunning()) {
        synchronized (this) {
          ended.putLast(state.machineId(), state);
        }
        continue;
      }
      Integer output = handed.output();
      Path logFile = handed.logFile();
      var process =
          new Supervised(
              state,
              Pidfd.open(state.pid()),
              output == null ? null : Descriptor.inherited(output),
              logFile == null ? new OutputLog() : new OutputLog(logFile),
              watcher,
              clock);
      process.watch();
      var _ = admit(process);
    }
  }

  /** Executes another program in this process; see {@link Spawner#execute}. */
  public void execute(
      List<String> command, List<String> environment, List<Integer> descriptors, int alarmSeconds)
      throws IOException {
    spawner.execute(command, environment, descriptors, alarmSeconds);
  }

  /** Whether {@link #execute} keeps the processes that are tied to the keeper's life. */
  public boolean canExecute() {
    return spawner.canExecute();
  }

  /**
   * Lets go of everything. When the keeper's process ends, the kernel kills the processes that are
   * tied to its life; the others live on, unwatched.
   */
  @Override
  public void close() {
    spawner.close();
    watcher.close();
  }
}
