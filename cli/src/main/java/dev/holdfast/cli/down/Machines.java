package dev.holdfast.cli.down;

import dev.holdfast.cli.host.Directories;
import dev.holdfast.cli.host.SingleHost;
import dev.holdfast.cli.step.StepException;
import dev.holdfast.keeper.client.KeeperClient;
import dev.holdfast.keeper.protocol.Tie;
import dev.holdfast.node.host.HostException;
import dev.holdfast.node.host.LeaseHost;
import dev.holdfast.node.host.MachineHost;
import dev.holdfast.node.host.keeper.KeeperLink;
import dev.holdfast.node.host.lease.KeeperLeaseHost;
import dev.holdfast.node.host.qemu.QemuHostOptions;
import dev.holdfast.node.host.qemu.QemuMachineHost;
import dev.holdfast.node.plan.HostState.Guest;
import dev.holdfast.node.plan.HostState.Machine;
import dev.holdfast.node.plan.HostState.QemuProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Shuts down every machine of this host: by its power button, and when that is too slow, by force.
 */
final class Machines {
  private static final Logger LOG = LoggerFactory.getLogger(Machines.class);
  private static final Duration PAUSE = Duration.ofMillis(100);

  /** A guest that is still booting does not see the power button. */
  private static final Duration BUTTON_INTERVAL = Duration.ofSeconds(5);

  private final Directories directories;
  private final Duration timeout;
  private final InstantSource clock;
  private final Consumer<String> detail;

  Machines(
      Directories directories, Duration timeout, InstantSource clock, Consumer<String> detail) {
    this.directories = directories;
    this.timeout = timeout;
    this.clock = clock;
    this.detail = detail;
  }

  String stop() throws StepException, InterruptedException {
    if (!anyDirectory()) {
      return "none";
    }
    try (KeeperLink keeper = connect();
        QemuMachineHost host =
            QemuMachineHost.open(
                QemuHostOptions.defaults().withRuntimeDirectory(directories.machines()),
                keeper,
                clock)) {
      LeaseHost leases = new KeeperLeaseHost(keeper);
      String result = stop(new Site(host, leases, tied(keeper)));
      for (String lockspace : leases.leases().lockspaces().keySet()) {
        detail.accept("leaving lockspace " + lockspace);
        leases.leaveLockspace(lockspace);
      }
      return result;
    } catch (HostException e) {
      throw new StepException(String.valueOf(e.getMessage()), e);
    }
  }

  private boolean anyDirectory() throws StepException {
    if (!Files.isDirectory(directories.machines())) {
      return false;
    }
    try (Stream<?> entries = Files.list(directories.machines())) {
      return entries.findAny().isPresent();
    } catch (IOException e) {
      throw new StepException("cannot read " + directories.machines() + ": " + e, e);
    }
  }

  /** To the keeper, or to a new one that adopts what the last one has left. */
  private KeeperLink connect() throws HostException {
    return KeeperLink.connect(
        listener -> {
          SingleHost.keeperLauncher(directories).ensureRunning(directories.keeperSocket());
          return KeeperClient.connect(directories.keeperSocket(), listener);
        });
  }

  /** UUIDs of machines whose leases are renewed by the keeper. */
  private static Set<String> tied(KeeperLink keeper) throws HostException {
    try {
      return keeper.client().list().stream()
          .filter(process -> process.tie() == Tie.KEEPER_LIFE)
          .map(process -> process.machineId().toString())
          .collect(Collectors.toSet());
    } catch (IOException failed) {
      throw KeeperLink.unreachable(failed);
    }
  }

  /**
   * What is stopped.
   *
   * @param tied UUIDs of machines with leases that the keeper renews
   */
  private record Site(MachineHost host, LeaseHost leases, Set<String> tied) {
    /**
     * Whether a guest may go on, and its QEMU may write to its disks: one that has given its leases
     * back while it was paused may have lost the disks to somebody else.
     */
    boolean mayGoOn(Machine machine) {
      try {
        return machine.guest() != Guest.PAUSED
            || !tied.contains(machine.uuid())
            || !leases.leases().of(machine.uuid()).isEmpty();
      } catch (HostException unknown) {
        LOG.warn("leases of machine {}: {}", machine.uuid(), unknown.getMessage());
        return false;
      }
    }
  }

  private String stop(Site site) throws HostException, InterruptedException {
    MachineHost host = site.host();
    List<String> failures = new ArrayList<>();
    Instant deadline = clock.instant().plus(timeout);
    while (clock.instant().isBefore(deadline)) {
      List<Machine> on =
          host.machines().values().stream()
              .filter(machine -> isOn(machine) && site.mayGoOn(machine))
              .toList();
      if (on.isEmpty()) {
        break;
      }
      detail.accept("waiting for " + on.size() + " to power off");
      on.forEach(machine -> pressWhenDue(host, machine));
      Thread.sleep(PAUSE);
    }
    int off = 0;
    int killed = 0;
    Map<String, Machine> rest = host.machines();
    for (Machine machine : rest.values()) {
      boolean wasOn = isOn(machine);
      try {
        if (site.mayGoOn(machine)) {
          host.kill(machine.uuid());
        } else {
          host.killAbruptly(machine.uuid());
        }
        host.clean(machine.uuid());
        site.leases().release(machine.uuid(), false);
        off += wasOn ? 0 : 1;
        killed += wasOn ? 1 : 0;
      } catch (HostException e) {
        failures.add("machine " + machine.uuid() + ": " + e.getMessage());
      }
    }
    if (!failures.isEmpty()) {
      throw new HostException("NotStopped", String.join("\n", failures));
    }
    return killed == 0
        ? off + " powered off"
        : "%d powered off, %d killed after %d s".formatted(off, killed, timeout.toSeconds());
  }

  /** Whether the guest can still do something of its own accord. */
  private static boolean isOn(Machine machine) {
    return machine.process() instanceof QemuProcess.Running
        && switch (machine.guest()) {
          case RUNNING, PAUSED, IO_ERROR, UNKNOWN -> true;
          case PRELAUNCH, SHUTDOWN, CRASHED -> false;
        };
  }

  private void pressWhenDue(MachineHost host, Machine machine) {
    Instant pressed = machine.powerButtonAt();
    if (pressed != null && clock.instant().isBefore(pressed.plus(BUTTON_INTERVAL))) {
      return;
    }
    try {
      if (machine.guest() == Guest.PAUSED || machine.guest() == Guest.IO_ERROR) {
        host.resume(machine.uuid());
      }
      host.pressPowerButton(machine.uuid());
    } catch (HostException e) {
      // It has just ended, or it is killed when its time is up.
      LOG.warn("machine {}: {}", machine.uuid(), e.getMessage());
    }
  }
}
