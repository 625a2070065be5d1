package dev.holdfast.cli.down;

import dev.holdfast.cli.host.Directories;
import dev.holdfast.cli.host.PidFile;
import dev.holdfast.cli.step.Step;
import dev.holdfast.cli.step.StepException;
import dev.holdfast.keeper.client.KeeperClient;
import dev.holdfast.keeper.client.KeeperListener;
import dev.holdfast.keeper.protocol.ProcessState;
import dev.holdfast.node.host.HostException;
import dev.holdfast.node.host.network.NatNetworkHost;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** The steps that stop everything on this host and remove what was made for it. */
public final class Teardown {
  /** {@code up} lets what is under way end first. */
  private static final Duration PATIENCE = Duration.ofSeconds(35);

  private static final List<String> DATA = List.of("control-plane", "cache", "pools", "log");
  private static final String LOCKSPACE_GUARDS = "lockspace-*.lock";
  private static final List<String> RUN =
      List.of(
          "machines",
          "networks",
          "keeper.sock",
          "keeper.sock.new",
          "keeper.sock.lock",
          LOCKSPACE_GUARDS,
          "ready",
          "up.pid",
          "supervisor.pid");

  private final Directories directories;
  private final Predicate<String> installed;
  private final Processes processes;
  private final Machines machines;

  /**
   * A teardown.
   *
   * @param machineTimeout how long machines may take to shut down
   * @param installed whether a program is on this host
   * @param detail told what is being waited for
   */
  public Teardown(
      Directories directories,
      Duration machineTimeout,
      InstantSource clock,
      Predicate<String> installed,
      Consumer<String> detail) {
    this.directories = directories;
    this.installed = installed;
    this.processes = new Processes();
    this.machines = new Machines(directories, machineTimeout, clock, detail);
  }

  /**
   * All steps in order.
   *
   * @param purge remove the data directory too
   */
  public List<Step> steps(boolean purge) {
    List<Step> steps = new ArrayList<>();
    steps.add(new Step("Stop control plane, operator and node agent", this::stopUp));
    steps.add(new Step("Shut down the machines", machines::stop));
    steps.add(Step.optional("Remove bridges, taps, filters and DHCP servers", this::networks));
    steps.add(Step.optional("Stop the keeper", this::stopKeeper));
    steps.add(
        Step.optional(
            "Remove " + directories.run(),
            () -> {
              OwnFiles.refuseLocked(directories.run(), LOCKSPACE_GUARDS);
              return OwnFiles.remove(directories.run(), RUN);
            }));
    if (purge) {
      steps.add(
          Step.optional(
              "Remove " + directories.data(), () -> OwnFiles.remove(directories.data(), DATA)));
    }
    return steps;
  }

  private String stopUp() throws StepException, InterruptedException {
    try {
      Optional<ProcessHandle> supervisor = new PidFile(directories.supervisorPid()).running();
      Optional<ProcessHandle> up = new PidFile(directories.upPid()).running();
      if (supervisor.isEmpty() && up.isEmpty()) {
        return "not running";
      }
      // First the one that would start the other again; it passes the signal on.
      supervisor.ifPresent(ProcessHandle::destroy);
      up.ifPresent(ProcessHandle::destroy);
      boolean gently = true;
      if (supervisor.isPresent()) {
        gently = processes.end(supervisor.get(), PATIENCE);
      }
      // It may have been started again a moment ago.
      Optional<ProcessHandle> last = new PidFile(directories.upPid()).running().or(() -> up);
      if (last.isPresent()) {
        gently &= processes.end(last.get(), PATIENCE);
      }
      return gently ? "stopped" : "killed: did not stop within " + PATIENCE.toSeconds() + " s";
    } catch (IOException e) {
      throw new StepException(String.valueOf(e.getMessage()), e);
    }
  }

  private String networks() throws StepException {
    if (!installed.test("ip")) {
      // A quickstart that could not even install its packages has made none.
      return "none: there is no program 'ip' to make them with";
    }
    List<String> failures = new ArrayList<>();
    int taps = 0;
    int bridges = 0;
    try {
      NatNetworkHost host = new NatNetworkHost(directories.networks(), List.of());
      for (String tap : host.taps().keySet()) {
        taps += attempt(tap, failures, host::removeTap);
      }
      for (String bridge : host.bridges().keySet()) {
        bridges += attempt(bridge, failures, host::removeBridge);
      }
    } catch (IOException | HostException e) {
      failures.add(e.getMessage());
    }
    if (!failures.isEmpty()) {
      throw new StepException(String.join("\n", failures));
    }
    return taps + bridges == 0 ? "none" : bridges + " bridges, " + taps + " taps";
  }

  private interface Removal {
    void remove(String name) throws HostException;
  }

  /** 1 if it was removed, else 0. */
  private static int attempt(String name, List<String> failures, Removal removal) {
    try {
      removal.remove(name);
      return 1;
    } catch (HostException e) {
      failures.add(name + ": " + e.getMessage());
      return 0;
    }
  }

  private String stopKeeper() throws StepException, InterruptedException {
    long pid;
    try (KeeperClient keeper = KeeperClient.connect(directories.keeperSocket(), new Deaf())) {
      if (keeper.list().stream().anyMatch(ProcessState::isRunning)) {
        throw new StepException("it still has machines; run this command again");
      }
      pid = keeper.keeperPid();
    } catch (IOException nobody) {
      return "not running";
    }
    Optional<ProcessHandle> process = ProcessHandle.of(pid);
    if (process.isEmpty()) {
      return "not running";
    }
    process.get().destroy();
    return processes.end(process.get(), PATIENCE) ? "stopped" : "killed";
  }

  private static final class Deaf implements KeeperListener {
    @Override
    public void exited(ProcessState process) {}

    @Override
    public void disconnected(String reason) {}
  }
}
