package dev.holdfast.node.host.qemu.probe;

import dev.holdfast.crds.machine.Accelerator;
import dev.holdfast.node.host.HostException;
import dev.holdfast.node.host.command.Command;
import dev.holdfast.node.host.command.CommandResult;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * Runs {@link ProbeGuest}. That /dev/kvm exists and answers proves nothing, so only a guest that
 * has done its work within the time counts.
 */
public final class AcceleratorProbe {
  /** On hardware it takes 0.2 s, most of which is the start of QEMU. */
  public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(5);

  private static final int ROOT = 0;
  private static final String PASSED = "ProbePassed";
  private static final String FAILED = "ProbeFailed";

  private static final Map<Character, String> STEPS =
      Map.of(
          'R', "real mode",
          'P', "protected mode",
          'L', "64-bit mode",
          'X', "cmpxchg16b",
          'S', "SSE2",
          'F', "a page fault",
          'T', "a timer interrupt",
          'K', "a loop of 2^24 rounds",
          '!', "a wrong result");

  private final Path binary;
  private final Duration timeout;

  public AcceleratorProbe(Path binary, Duration timeout) {
    this.binary = binary;
    this.timeout = timeout;
  }

  /** The CPU model with everything that an accelerator has. */
  static String fullCpuModel(Accelerator accelerator) {
    return switch (accelerator) {
      case KVM -> "host";
      case TCG -> "max";
    };
  }

  /**
   * Finds out whether a guest runs, in little more than the timeout.
   *
   * @throws HostException when not even QEMU could be started
   */
  public AcceleratorVerdict probe(Accelerator accelerator) throws HostException {
    return probe(accelerator, fullCpuModel(accelerator));
  }

  AcceleratorVerdict probe(Accelerator accelerator, String cpuModel) throws HostException {
    return switch (accelerator) {
      case TCG -> run("tcg", cpuModel, Unprivileged.NOBODY);
      case KVM -> {
        if (!Files.exists(Unprivileged.KVM)) {
          yield new AcceleratorVerdict(
              false,
              "NoDevice",
              "/dev/kvm is missing: load kvm_intel or kvm_amd, and switch virtualization on in the"
                  + " firmware or, for a virtual host, in its hypervisor");
        }
        if (!Unprivileged.isRoot() || Unprivileged.mayUseKvm()) {
          yield run("kvm", cpuModel, Unprivileged.NOBODY);
        }
        // Its owner may use it: whoever then grants access should not learn of the next hindrance
        // only afterwards. Nothing but our own guest ever runs this way.
        AcceleratorVerdict asOwner = run("kvm", cpuModel, ROOT);
        yield asOwner.usable()
            ? new AcceleratorVerdict(
                false,
                "NoPermission",
                "a probe guest runs, but only root may open /dev/kvm, and machines never run as"
                    + " root: run chgrp kvm /dev/kvm && chmod 660 /dev/kvm")
            : asOwner;
      }
    };
  }

  private AcceleratorVerdict run(String accelerator, String cpuModel, int user)
      throws HostException {
    try {
      Path directory = Files.createTempDirectory("holdfast-probe-");
      try {
        return run(accelerator, cpuModel, user, directory);
      } finally {
        for (String name : List.of("steps", "guest")) {
          boolean ignored = Files.deleteIfExists(directory.resolve(name));
        }
        Files.delete(directory);
      }
    } catch (IOException failed) {
      throw new HostException(FAILED, "probe of " + accelerator + ": " + failed, failed);
    }
  }

  private AcceleratorVerdict run(String accelerator, String cpuModel, int user, Path directory)
      throws HostException, IOException {
    Path guest = Files.write(directory.resolve("guest"), ProbeGuest.image());
    Path steps = Files.createFile(directory.resolve("steps"));
    if (Unprivileged.isRoot()) {
      Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
      Files.setPosixFilePermissions(guest, PosixFilePermissions.fromString("rw-r--r--"));
      Files.setAttribute(steps, "unix:uid", user);
    }
    Command command =
        Command.of(Unprivileged.command(user, arguments(accelerator, cpuModel, guest, steps)))
            .withTimeout(timeout);
    long start = System.nanoTime();
    try {
      CommandResult result = command.execute();
      long milliseconds = Duration.ofNanos(System.nanoTime() - start).toMillis();
      String done = Files.readString(steps, StandardCharsets.US_ASCII);
      if (result.exitStatus() == ProbeGuest.SUCCESS && done.equals(ProbeGuest.SIGNATURE)) {
        return new AcceleratorVerdict(
            true, PASSED, "a 64-bit probe guest ran in " + milliseconds + " ms");
      }
      return new AcceleratorVerdict(
          false,
          FAILED,
          "the probe guest failed %s; QEMU ended with exit status %d: %s"
              .formatted(after(done), result.exitStatus(), firstLines(result.stderr())));
    } catch (HostException failed) {
      if (!failed.reason().equals("CommandTimedOut")) {
        throw failed;
      }
      String done = Files.readString(steps, StandardCharsets.US_ASCII);
      return new AcceleratorVerdict(
          false,
          "ProbeTimedOut",
          "the probe guest was not done after %d ms; it stopped or was too slow %s. This accelerator would hang a real guest"
              .formatted(timeout.toMillis(), after(done)));
    }
  }

  private List<String> arguments(String accelerator, String cpuModel, Path guest, Path steps) {
    return List.of(
        binary.toString(),
        "-no-user-config",
        "-nodefaults",
        "-no-reboot",
        "-display",
        "none",
        "-machine",
        "q35,usb=off,vmport=off",
        "-accel",
        accelerator,
        "-cpu",
        cpuModel,
        "-m",
        "16",
        "-bios",
        guest.toString(),
        "-chardev",
        "file,id=steps,path=" + steps.toString().replace(",", ",,"),
        "-device",
        "isa-debugcon,iobase=0xe9,chardev=steps",
        "-device",
        "isa-debug-exit,iobase=0xf4,iosize=1",
        "-sandbox",
        "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
  }

  private static String after(String done) {
    if (done.isEmpty()) {
      return "before its first instruction";
    }
    char last = done.charAt(done.length() - 1);
    return "after " + STEPS.getOrDefault(last, "step " + last);
  }

  /** A crash dump of registers helps nobody in a condition. */
  private static String firstLines(String stderr) {
    List<String> lines = stderr.lines().limit(3).toList();
    return lines.isEmpty() ? "it wrote no error message" : String.join("; ", lines);
  }
}
