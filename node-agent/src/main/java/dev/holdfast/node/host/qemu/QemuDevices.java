package dev.holdfast.node.host.qemu;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.crds.machine.CacheMode;
import dev.holdfast.crds.machine.InterfaceModel;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Disk;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Interface;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/** The devices of a machine as arguments, each with its back end. */
final class QemuDevices {
  static final int LAST_SLOT = 31;

  private static final int FUNCTIONS = 8;
  private static final String DISK_NODE = "disk";

  /** Addresses on the root bus; 0x0 and 0x1f are the chipset's, 0x1 to 0x4 the root ports'. */
  private static final String RNG_ADDRESS = "0x10";

  private static final String BALLOON_ADDRESS = "0x11";
  private static final String PANIC_ADDRESS = "0x12";

  private QemuDevices() {}

  /** Function of the root port of a slot in its device of the root bus. */
  static int function(int slot) {
    return (slot - 1) % FUNCTIONS;
  }

  static List<String> rootPort(int slot) {
    int device = 1 + (slot - 1) / FUNCTIONS;
    ObjectNode port =
        QemuJson.object("driver", "pcie-root-port")
            .put("id", "rp" + slot)
            .put("bus", "pcie.0")
            .put("chassis", slot)
            .put("port", device * FUNCTIONS + function(slot))
            .put("addr", "0x%x.0x%x".formatted(device, function(slot)));
    if (function(slot) == 0) {
      port.put("multifunction", true);
    }
    return List.of("-device", port.toString());
  }

  static List<String> disk(Disk disk) {
    // Node names have at most 31 characters of a small set; a disk's name has neither limit.
    String node = DISK_NODE + disk.slot();
    return List.of(
        "-blockdev", imageFile(disk, node + "-file").toString(),
        "-blockdev", image(disk, node).toString(),
        "-device", diskDevice(disk, node).toString());
  }

  /** Slot of the disk that has that block node, or empty when it is no disk's. */
  static OptionalInt slot(String node) {
    return node.matches(DISK_NODE + "[0-9]{1,4}")
        ? OptionalInt.of(Integer.parseInt(node.substring(DISK_NODE.length())))
        : OptionalInt.empty();
  }

  private static ObjectNode imageFile(Disk disk, String node) {
    ObjectNode file =
        QemuJson.object("driver", "file")
            .put("node-name", node)
            .put("filename", disk.path())
            // A second line of defence under the leases.
            .put("locking", "on")
            // io_uring and native have each failed on hosts in the field; threads never has.
            .put("aio", "threads");
    file.set("cache", cache(disk));
    return file.put("read-only", disk.readOnly())
        .put("auto-read-only", true)
        .put("discard", "unmap");
  }

  private static ObjectNode image(Disk disk, String node) {
    ObjectNode image = QemuJson.object("driver", disk.format().qemuName());
    image.put("node-name", node).put("file", node + "-file").put("read-only", disk.readOnly());
    image.set("cache", cache(disk));
    image.put("discard", "unmap");
    return switch (disk.format()) {
      // Whatever backing file a guest may have written into its image's header is not opened.
      case QCOW2 -> image.putNull("backing");
      case RAW -> image;
    };
  }

  private static ObjectNode cache(Disk disk) {
    return QemuJson.object().put("direct", disk.cache() == CacheMode.NONE).put("no-flush", false);
  }

  private static ObjectNode diskDevice(Disk disk, String node) {
    ObjectNode device =
        QemuJson.object("driver", "virtio-blk-pci")
            .put("id", node + "-dev")
            .put("drive", node)
            .put("bus", "rp" + disk.slot())
            .put("addr", "0x0")
            .put("serial", disk.name())
            .put("write-cache", disk.cache() == CacheMode.WRITETHROUGH ? "off" : "on")
            .put("werror", "stop")
            .put("rerror", "stop");
    if (disk.shareWrites()) {
      // Other machines write to the image at the same time; QEMU's own lock must allow for it.
      device.put("share-rw", true);
    }
    Integer bootIndex = disk.bootIndex();
    return bootIndex == null ? device : device.put("bootindex", bootIndex);
  }

  static List<String> networkCard(Interface card) {
    String network = "net" + card.slot();
    ObjectNode backend =
        QemuJson.object("type", "tap")
            .put("id", network)
            .put("ifname", card.tap())
            .put("script", "no")
            .put("downscript", "no");
    ObjectNode device =
        QemuJson.object("driver", driver(card.model()))
            .put("id", network + "-dev")
            .put("netdev", network)
            .put("mac", card.macAddress())
            .put("bus", "rp" + card.slot())
            .put("addr", "0x0")
            // No boot from the network: a boot ROM would only cost time and another package.
            .put("romfile", "");
    return List.of("-netdev", backend.toString(), "-device", device.toString());
  }

  private static String driver(InterfaceModel model) {
    return switch (model) {
      case VIRTIO -> "virtio-net-pci";
      case E1000E -> "e1000e";
    };
  }

  static List<String> console(MachineFiles files) {
    return List.of(
        "-chardev",
        "socket,id=con0,path="
            + files.consoleSocket().toString().replace(",", ",,")
            + ",server=on,wait=off,logfile="
            + files.consoleLog().toString().replace(",", ",,")
            + ",logappend=on",
        "-device",
        QemuJson.object("driver", "isa-serial")
            .put("id", "con0-dev")
            .put("chardev", "con0")
            .toString());
  }

  /** Random numbers, balloon and crash reports. */
  static List<String> always() {
    var arguments = new ArrayList<String>();
    arguments.add("-object");
    arguments.add(
        QemuJson.object("qom-type", "rng-random")
            .put("id", "rng0")
            .put("filename", "/dev/urandom")
            .toString());
    arguments.add("-device");
    arguments.add(
        modernVirtio("virtio-rng-pci", "rng0-dev", RNG_ADDRESS).put("rng", "rng0").toString());
    arguments.add("-device");
    arguments.add(modernVirtio("virtio-balloon-pci", "balloon0", BALLOON_ADDRESS).toString());
    arguments.add("-device");
    arguments.add(
        QemuJson.object("driver", "pvpanic-pci")
            .put("id", "panic0")
            .put("bus", "pcie.0")
            .put("addr", PANIC_ADDRESS)
            .toString());
    return arguments;
  }

  /** On the root bus QEMU would also offer the legacy interface, with its scarce I/O ports. */
  private static ObjectNode modernVirtio(String driver, String id, String address) {
    return QemuJson.object("driver", driver)
        .put("id", id)
        .put("bus", "pcie.0")
        .put("addr", address)
        .put("disable-legacy", "on");
  }
}
