package dev.holdfast.node.host.qemu;

import dev.holdfast.node.host.HostException;
import dev.holdfast.node.host.MachineHost;
import dev.holdfast.node.host.keeper.KeeperLink;
import dev.holdfast.node.host.qemu.qmp.QmpException;
import dev.holdfast.node.plan.Desired;
import dev.holdfast.node.plan.HostState.Guest;
import dev.holdfast.node.plan.HostState.Machine;
import dev.holdfast.node.plan.HostState.QemuProcess;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The QEMU processes of this host. Their parent is the keeper, so they outlive this object; what it
 * knows of them it has read from the keeper, the runtime directories and the monitors, and events
 * keep it right. {@link #machines} and {@link #machine} answer from that; {@link #refresh} reads
 * everything again.
 */
public final class QemuMachineHost implements MachineHost, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(QemuMachineHost.class);

  /** What is kept of a serial console's output. */
  private static final long CONSOLE_LOG_LIMIT_BYTES = 4L * 1024 * 1024;

  private final Path root;
  private final QemuProcesses processes;
  private final MachineLauncher launcher;
  private final InstantSource clock;
  private final List<Consumer<String>> listeners = new CopyOnWriteArrayList<>();
  private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
  private final Map<String, ManagedMachine> machines = new ConcurrentHashMap<>();

  /** Whether everything was read since the connection to the keeper was made. */
  private volatile boolean watched;

  /** Directories without a process that could be had; by UUID. */
  private final Set<String> remains = ConcurrentHashMap.newKeySet();

  /** Held while the set of machines changes as a whole, and around launch and clean of one. */
  private final ReentrantLock changing = new ReentrantLock();

  /** Ends that were reported before the launch that they belong to had returned. */
  private final Map<String, QemuProcesses.Known> earlyExits = new ConcurrentHashMap<>();

  /** UUIDs that are being launched; what the host shows of them is incomplete. */
  private final Set<String> launching = ConcurrentHashMap.newKeySet();

  QemuMachineHost(QemuHostOptions options, QemuProcesses processes, InstantSource clock) {
    this.root = options.runtimeDirectory();
    this.processes = processes;
    this.launcher = new MachineLauncher(options, processes);
    this.clock = clock;
  }

  /**
   * Reads what is there.
   *
   * @param keeper stays the caller's to close
   * @throws HostException with reason {@code KeeperUnreachable}, or when what is there cannot be
   *     read
   */
  public static QemuMachineHost open(
      QemuHostOptions options, KeeperLink keeper, InstantSource clock) throws HostException {
    var host = new QemuMachineHost(options, new KeeperProcesses(keeper), clock);
    try {
      host.start();
      return host;
    } catch (HostException failed) {
      host.close();
      throw failed;
    }
  }

  /** Begins to listen, and reads what is there. */
  void start() throws HostException {
    processes.listen(new ProcessEvents());
    refresh();
  }

  /**
   * Reads everything again from the host: processes, runtime directories and, where a monitor
   * answers, guests. Takes over processes that an earlier keeper has left. A monitor that does not
   * answer leaves its guest {@link Guest#UNKNOWN}.
   *
   * @throws HostException when the processes cannot be read
   */
  @Override
  public void refresh() throws HostException {
    changing.lock();
    try {
      HostSurvey found = HostSurvey.make(root, processes, launching);
      found.processes().values().forEach(this::remember);
      forgetAllBut(found);
      watched = true;
    } finally {
      changing.unlock();
    }
    refreshGuests();
  }

  private void remember(QemuProcesses.Known process) {
    String uuid = process.uuid();
    if (!MachineFiles.isUuid(uuid) || launching.contains(uuid)) {
      return;
    }
    ManagedMachine known = machines.get(uuid);
    if (known == null || known.processId() != process.processId()) {
      if (known != null) {
        known.close();
      }
      ManagedMachine ignored = manage(process);
      changed(uuid);
    } else {
      QemuProcess.Exited exit = process.exit();
      if (exit != null) {
        known.exited(exit);
      }
    }
  }

  private void forgetAllBut(HostSurvey found) {
    machines
        .entrySet()
        .removeIf(
            entry -> {
              String uuid = entry.getKey();
              if (found.processes().containsKey(uuid) || launching.contains(uuid)) {
                return false;
              }
              LOG.info("machine {} has no process any more", uuid);
              entry
                  .getValue()
                  .exited(
                      new QemuProcess.Exited(
                          "ended while no keeper watched it", "", clock.instant()));
              entry.getValue().close();
              changed(uuid);
              return true;
            });
    remains.retainAll(found.directories());
    remains.addAll(found.directories());
    remains.removeIf(uuid -> machines.containsKey(uuid) || launching.contains(uuid));
  }

  private ManagedMachine manage(QemuProcesses.Known process) {
    var files = new MachineFiles(root, process.uuid());
    var machine = new ManagedMachine(files, process, executor, this::changed);
    machines.put(process.uuid(), machine);
    remains.remove(process.uuid());
    return machine;
  }

  private void refreshGuests() {
    List<? extends Future<?>> answers =
        machines.values().stream()
            .filter(ManagedMachine::isRunning)
            .map(machine -> executor.submit(() -> refreshGuest(machine)))
            .toList();
    for (Future<?> answer : answers) {
      try {
        Object ignored = answer.get();
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
        return;
      } catch (java.util.concurrent.ExecutionException unexpected) {
        throw new IllegalStateException("refreshing a guest", unexpected.getCause());
      }
    }
  }

  private void refreshGuest(ManagedMachine machine) {
    machine.files().trimConsoleLog(CONSOLE_LOG_LIMIT_BYTES);
    if (launching.contains(machine.files().uuid())) {
      return;
    }
    try {
      machine.connectAndRefresh(ManagedMachine.CONNECT_TIMEOUT);
    } catch (QmpException failed) {
      LOG.warn("machine {} does not answer: {}", machine.files().uuid(), failed.getMessage());
    }
  }

  @Override
  public Map<String, Machine> machines() throws HostException {
    requireWatched();
    Map<String, Machine> result = new HashMap<>();
    for (String uuid : remains) {
      result.put(uuid, remainsOf(uuid));
    }
    machines.forEach((uuid, machine) -> result.put(uuid, machine.state()));
    return Map.copyOf(result);
  }

  @Override
  public @Nullable Machine machine(String uuid) throws HostException {
    requireWatched();
    ManagedMachine machine = machines.get(uuid);
    if (machine != null) {
      return machine.state();
    }
    return remains.contains(uuid) ? remainsOf(uuid) : null;
  }

  private void requireWatched() throws HostException {
    if (!watched) {
      throw new HostException(
          "KeeperUnreachable",
          "this host's keeper does not answer; its machines may run on, and nothing is done to them"
              + " until it is back");
    }
  }

  private static Machine remainsOf(String uuid) {
    return new Machine(uuid, new QemuProcess.None(), Guest.UNKNOWN, null);
  }

  @Override
  public void launch(Desired.Machine machine) throws HostException {
    String uuid = machine.spec().uuid();
    if (!MachineFiles.isUuid(uuid)) {
      throw new HostException("InvalidMachine", "\"" + uuid + "\" is no UUID in canonical form");
    }
    ManagedMachine running = machines.get(uuid);
    if (running != null && running.isRunning()) {
      return;
    }
    if (!launching.add(uuid)) {
      throw new HostException("LaunchInProgress", "machine " + uuid + " is being launched already");
    }
    try {
      launcher.launch(machine, new MachineFiles(root, uuid), this::launched);
    } finally {
      launching.remove(uuid);
      earlyExits.remove(uuid);
      if (!machines.containsKey(uuid) && new MachineFiles(root, uuid).exist()) {
        remains.add(uuid);
      }
      changed(uuid);
    }
  }

  private ManagedMachine launched(QemuProcesses.Known process) {
    ManagedMachine before = machines.get(process.uuid());
    if (before != null) {
      before.close();
    }
    ManagedMachine machine = manage(process);
    QemuProcesses.Known early = earlyExits.get(process.uuid());
    if (early != null && early.processId() == process.processId() && early.exit() != null) {
      machine.exited(early.exit());
    }
    return machine;
  }

  @Override
  public void onChange(Consumer<String> listener) {
    listeners.add(listener);
  }

  private void changed(String uuid) {
    listeners.forEach(listener -> listener.accept(uuid));
  }

  @Override
  public void resume(String uuid) throws HostException {
    running(uuid).execute("cont");
  }

  @Override
  public void pause(String uuid) throws HostException {
    running(uuid).execute("stop");
  }

  @Override
  public void pressPowerButton(String uuid) throws HostException {
    ManagedMachine machine = running(uuid);
    machine.execute("system_powerdown");
    machine.powerButtonPressed(clock.instant());
  }

  private ManagedMachine running(String uuid) throws HostException {
    ManagedMachine machine = machines.get(uuid);
    if (machine == null || !machine.isRunning()) {
      throw new HostException("NotRunning", "machine " + uuid + " has no running QEMU");
    }
    return machine;
  }

  @Override
  public void kill(String uuid) throws HostException {
    ManagedMachine machine = machines.get(uuid);
    if (machine != null && machine.isRunning()) {
      launcher.end(machine);
    }
  }

  @Override
  public void killAbruptly(String uuid) throws HostException {
    ManagedMachine machine = machines.get(uuid);
    if (machine != null && machine.isRunning()) {
      launcher.endAbruptly(machine);
    }
  }

  @Override
  public void clean(String uuid) throws HostException {
    if (!MachineFiles.isUuid(uuid)) {
      throw new HostException("InvalidMachine", "\"" + uuid + "\" is no UUID in canonical form");
    }
    changing.lock();
    try {
      ManagedMachine machine = machines.get(uuid);
      if (launching.contains(uuid) || (machine != null && machine.isRunning())) {
        throw new HostException(
            "StillRunning", "machine " + uuid + " has a running QEMU: end it before cleaning up");
      }
      processes.forget(uuid);
      new MachineFiles(root, uuid).delete();
      remains.remove(uuid);
      if (machine != null) {
        machine.close();
        machines.remove(uuid, machine);
      }
    } finally {
      changing.unlock();
    }
    changed(uuid);
  }

  /** Lets go of all monitors; no process is touched. */
  @Override
  public void close() {
    processes.close();
    machines.values().forEach(ManagedMachine::close);
    var _ = executor.shutdownNow();
  }

  private final class ProcessEvents implements QemuProcesses.Listener {
    @Override
    public void disconnected() {
      watched = false;
    }

    @Override
    public void exited(QemuProcesses.Known process) {
      // Remembered before looking, so that a launch that returns just now finds it.
      if (launching.contains(process.uuid())) {
        earlyExits.put(process.uuid(), process);
      }
      ManagedMachine machine = machines.get(process.uuid());
      QemuProcess.Exited exit = process.exit();
      if (machine != null && exit != null && machine.processId() == process.processId()) {
        machine.exited(exit);
      }
    }

    @Override
    public void reconnected() {
      executor.execute(
          () -> {
            try {
              refresh();
            } catch (HostException failed) {
              LOG.warn("cannot read the machines again: {}", failed.getMessage());
            }
          });
    }
  }
}
