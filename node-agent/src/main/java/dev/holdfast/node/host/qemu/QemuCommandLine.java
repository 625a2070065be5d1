package dev.holdfast.node.host.qemu;

import dev.holdfast.crds.machine.Accelerator;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Cpu;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Disk;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Interface;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.KernelBoot;
import dev.holdfast.node.host.HostException;
import dev.holdfast.node.plan.Desired;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The arguments of QEMU for a machine; a pure function. Whatever a user can name goes in as a JSON
 * string, as an argument of its own or with its commas doubled (qemu(1), "-name"), or is refused,
 * so that no text of a user ever becomes an option.
 *
 * <p>A guest sees the same hardware at the same addresses whenever its specification is the same: a
 * slot is a PCI Express root port, and the devices that every machine has are at fixed addresses of
 * the root bus.
 */
final class QemuCommandLine {
  /** Names of machine types and CPU models as QEMU has them: nothing that separates options. */
  private static final Pattern QEMU_NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._+-]*");

  private static final long MEBIBYTE = 1024 * 1024;

  private final Path binary;

  /**
   * @param binary absolute path of qemu-system-x86_64
   */
  QemuCommandLine(Path binary) {
    this.binary = binary;
  }

  /**
   * @throws HostException with reason {@code InvalidMachine} for a machine type or CPU model that
   *     is no name, or a slot that is out of range or taken twice
   */
  List<String> arguments(Desired.Machine machine, MachineFiles files) throws HostException {
    VirtualMachineInstanceSpec spec = machine.spec();
    var arguments = new ArrayList<String>();
    arguments.add(binary.toString());
    Collections.addAll(arguments, "-name", "guest=" + escape(machine.name()) + ",debug-threads=on");
    Collections.addAll(arguments, "-uuid", files.uuid());
    Collections.addAll(arguments, "-no-user-config", "-nodefaults", "-S");
    arguments.addAll(board(spec));
    arguments.addAll(control(files));
    arguments.addAll(boot(spec));
    arguments.addAll(rootPorts(spec));
    for (Disk disk : spec.disksOrEmpty()) {
      arguments.addAll(QemuDevices.disk(disk));
    }
    for (Interface card : spec.interfacesOrEmpty()) {
      arguments.addAll(QemuDevices.networkCard(card));
    }
    arguments.addAll(QemuDevices.console(files));
    arguments.addAll(QemuDevices.always());
    Collections.addAll(
        arguments,
        "-sandbox",
        "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
    Collections.addAll(arguments, "-msg", "timestamp=on");
    return List.copyOf(arguments);
  }

  private static List<String> board(VirtualMachineInstanceSpec spec) throws HostException {
    Cpu cpu = spec.cpu();
    // The backend and -m must agree to the byte, and QEMU rounds -m up on its own.
    long memory = Math.ceilDiv(spec.memoryBytes(), MEBIBYTE);
    return List.of(
        "-machine",
        name("machine type", spec.machineType())
            + ",usb=off,vmport=off,dump-guest-core=off,memory-backend=ram0",
        "-accel",
        accelerator(spec.accelerator()),
        "-cpu",
        name("CPU model", cpu.model()),
        "-smp",
        "cpus=%d,maxcpus=%d,sockets=%d,cores=%d,threads=%d"
            .formatted(cpu.count(), cpu.count(), cpu.sockets(), cpu.cores(), cpu.threads()),
        "-m",
        "size=" + memory + "M",
        "-object",
        QemuJson.object("qom-type", "memory-backend-memfd")
            .put("id", "ram0")
            .put("size", memory * MEBIBYTE)
            .put("share", true)
            .put("prealloc", false)
            .toString(),
        "-overcommit",
        "mem-lock=off",
        "-display",
        "none",
        "-rtc",
        "base=utc,driftfix=slew");
  }

  private static List<String> control(MachineFiles files) {
    return List.of(
        "-pidfile",
        files.pidFile().toString(),
        "-chardev",
        "socket,id=qmp0,path=" + escape(files.qmpSocket()) + ",server=on,wait=off",
        "-mon",
        "chardev=qmp0,mode=control",
        "-chardev",
        "socket,id=hmp0,path=" + escape(files.humanMonitorSocket()) + ",server=on,wait=off",
        "-mon",
        "chardev=hmp0,mode=readline",
        "-compat",
        "deprecated-input=reject,unstable-input=reject",
        // A guest's end is a state that can be read at any time, not an event that can be missed.
        "-action",
        "reboot=reset,shutdown=pause,panic=pause,watchdog=reset",
        "-global",
        "ICH9-LPC.noreboot=off");
  }

  private static List<String> boot(VirtualMachineInstanceSpec spec) {
    var arguments = new ArrayList<String>(List.of("-boot", "menu=off,strict=on"));
    KernelBoot kernel = spec.kernelBoot();
    if (kernel != null) {
      Collections.addAll(arguments, "-kernel", kernel.kernel());
      String initrd = kernel.initrd();
      if (initrd != null) {
        Collections.addAll(arguments, "-initrd", initrd);
      }
      String commandLine = kernel.commandLine();
      if (commandLine != null) {
        Collections.addAll(arguments, "-append", commandLine);
      }
    }
    return arguments;
  }

  /**
   * The root ports of all slots in use. Eight share a device of the root bus; its function 0 must
   * be there for the guest to look at the others (PCI Local Bus Specification 3.0, 3.2.2.3.4).
   */
  private static List<String> rootPorts(VirtualMachineInstanceSpec spec) throws HostException {
    List<Integer> slots =
        Stream.concat(
                spec.disksOrEmpty().stream().map(Disk::slot),
                spec.interfacesOrEmpty().stream().map(Interface::slot))
            .toList();
    var ports = new TreeSet<Integer>();
    for (int slot : slots) {
      if (slot < 1
          || slot > QemuDevices.LAST_SLOT
          || slots.indexOf(slot) != slots.lastIndexOf(slot)) {
        throw new HostException(
            "InvalidMachine",
            "slot "
                + slot
                + " is taken twice or not between 1 and "
                + QemuDevices.LAST_SLOT
                + "; slots are "
                + slots);
      }
      ports.add(slot);
      ports.add(slot - QemuDevices.function(slot));
    }
    return ports.stream().map(QemuDevices::rootPort).flatMap(Collection::stream).toList();
  }

  private static String accelerator(Accelerator accelerator) {
    return switch (accelerator) {
      case KVM -> "kvm";
      case TCG -> "tcg";
    };
  }

  private static String name(String what, String value) throws HostException {
    if (!QEMU_NAME.matcher(value).matches()) {
      throw new HostException(
          "InvalidMachine",
          what
              + " \""
              + value
              + "\" is no name that QEMU could have; it may have letters, digits and .-_+");
    }
    return value;
  }

  /** A value of a key=value option: two commas are one that does not separate. */
  private static String escape(Object value) {
    return value.toString().replace(",", ",,");
  }
}
