package dev.holdfast.node.host.qemu;

import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.KernelBoot;
import dev.holdfast.crds.storage.LeaseBackend;
import dev.holdfast.node.host.HostException;
import dev.holdfast.node.host.qemu.qmp.QmpException;
import dev.holdfast.node.plan.Desired;
import dev.holdfast.node.plan.HostState.QemuProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Begins and ends QEMU processes, each in a bounded time. */
final class MachineLauncher {
  /** QEMU flushes its images in this time, or is killed. */
  private static final Duration QUIT_TIMEOUT = Duration.ofSeconds(3);

  /** A killed process is gone as soon as the kernel has ended its system calls. */
  private static final Duration KILL_TIMEOUT = Duration.ofSeconds(10);

  private static final Duration SOCKET_POLL = Duration.ofMillis(2);

  private static final Path KVM_DEVICE = Path.of("/dev/kvm");

  private final QemuHostOptions options;
  private final QemuProcesses processes;
  private final QemuCommandLine commandLine;
  private final Semaphore launches;

  MachineLauncher(QemuHostOptions options, QemuProcesses processes) {
    this.options = options;
    this.processes = processes;
    this.commandLine = new QemuCommandLine(options.binary());
    this.launches = new Semaphore(options.launchesAtOnce(), true);
  }

  /**
   * Starts QEMU and returns when it answers.
   *
   * @param managed makes a process known as soon as there is one
   */
  void launch(
      Desired.Machine machine,
      MachineFiles files,
      Function<QemuProcesses.Known, ManagedMachine> managed)
      throws HostException {
    requireFiles(machine);
    List<String> arguments = commandLine.arguments(machine, files);
    acquire(machine.name());
    try {
      int uid = machine.spec().uid();
      files.prepare(uid);
      QemuProcesses.Known process =
          processes.launch(
              files.uuid(),
              arguments,
              new QemuProcesses.Rights(uid, groups(machine.spec()), isTied(machine.spec())),
              files.qemuLog());
      awaitReady(machine.name(), managed.apply(process));
    } finally {
      launches.release();
    }
  }

  private static void requireFiles(Desired.Machine machine) throws HostException {
    KernelBoot boot = machine.spec().kernelBoot();
    if (boot == null) {
      return;
    }
    FileAccess.requireReadable("kernel", Path.of(boot.kernel()), machine.spec().uid());
    String initrd = boot.initrd();
    if (initrd != null) {
      FileAccess.requireReadable("initrd", Path.of(initrd), machine.spec().uid());
    }
  }

  private void acquire(String name) throws HostException {
    try {
      launches.acquire();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new HostException("Interrupted", "launch of " + name + " was interrupted", interrupted);
    }
  }

  /** Leases that are renewed end with the keeper, and whatever writes under them must too. */
  private static boolean isTied(VirtualMachineInstanceSpec spec) {
    return spec.disksOrEmpty().stream()
        .map(VirtualMachineInstanceSpec.Disk::lease)
        .anyMatch(lease -> lease != null && lease.backend() == LeaseBackend.SANLOCK);
  }

  /** The groups of shared images, and that of /dev/kvm, where there is one besides root. */
  private static List<Integer> groups(VirtualMachineInstanceSpec spec) {
    var groups = new TreeSet<Integer>();
    spec.disksOrEmpty().stream()
        .map(VirtualMachineInstanceSpec.Disk::group)
        .filter(Objects::nonNull)
        .forEach(groups::add);
    switch (spec.accelerator()) {
      case TCG -> {}
      case KVM -> {
        try {
          int group = (Integer) Files.getAttribute(KVM_DEVICE, "unix:gid");
          if (group != 0) {
            groups.add(group);
          }
        } catch (IOException missing) {
          // QEMU itself says best what it lacks.
        }
      }
    }
    return List.copyOf(groups);
  }

  private void awaitReady(String name, ManagedMachine machine) throws HostException {
    long deadline = System.nanoTime() + options.launchTimeout().toNanos();
    QmpException last = null;
    while (machine.isRunning()) {
      long left = deadline - System.nanoTime();
      if (left <= 0) {
        end(machine);
        throw silent(name, last);
      }
      try {
        if (Files.exists(machine.files().qmpSocket())) {
          machine.connectAndRefresh(Duration.ofNanos(left));
          return;
        }
      } catch (QmpException notYet) {
        last = notYet;
      }
      // Returns at once when the process ends.
      QemuProcess.@Nullable Exited ignored = awaitExit(machine, SOCKET_POLL);
    }
    throw failed(name, machine.exit().join());
  }

  private HostException silent(String name, @Nullable QmpException last) {
    String message =
        "QEMU for %s did not answer within %d s and was killed%s"
            .formatted(
                name,
                options.launchTimeout().toSeconds(),
                last == null ? "" : ": " + last.getMessage());
    return last == null
        ? new HostException("QemuFailed", message)
        : new HostException("QemuFailed", message, last);
  }

  private static HostException failed(String name, QemuProcess.Exited exit) {
    String words = exit.stderr().strip();
    return new HostException(
        "QemuFailed",
        "QEMU for %s ended before it answered (%s): %s"
            .formatted(
                name, exit.description(), words.isEmpty() ? "it wrote no error message" : words));
  }

  /**
   * Ends a process and returns when it is reaped: in order through its monitor, else by SIGKILL.
   *
   * @throws HostException with reason {@code KillTimedOut} when it does not even die of that, which
   *     means that a system call of it hangs
   */
  void end(ManagedMachine machine) throws HostException {
    if (machine.quit() && awaitExit(machine, QUIT_TIMEOUT) != null) {
      return;
    }
    endAbruptly(machine);
  }

  /**
   * Ends a process by SIGKILL and returns when it is reaped.
   *
   * @throws HostException with reason {@code KillTimedOut} when it does not die of that
   */
  void endAbruptly(ManagedMachine machine) throws HostException {
    processes.kill(machine.files().uuid());
    if (awaitExit(machine, KILL_TIMEOUT) == null) {
      throw new HostException(
          "KillTimedOut",
          "process %d of machine %s is not gone %d s after SIGKILL: a system call of it hangs, most likely on storage that does not answer (see /proc/%d/stack)"
              .formatted(
                  machine.processId(),
                  machine.files().uuid(),
                  KILL_TIMEOUT.toSeconds(),
                  machine.processId()));
    }
  }

  private static QemuProcess.@Nullable Exited awaitExit(ManagedMachine machine, Duration timeout)
      throws HostException {
    try {
      return machine.exit().get(timeout.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException lives) {
      return null;
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new HostException(
          "Interrupted",
          "interrupted while waiting for process " + machine.processId(),
          interrupted);
    } catch (ExecutionException impossible) {
      throw new IllegalStateException("an exit is never exceptional", impossible);
    }
  }
}
