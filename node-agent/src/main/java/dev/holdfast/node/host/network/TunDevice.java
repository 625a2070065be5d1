package dev.holdfast.node.host.network;

import dev.holdfast.node.host.HostException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * The device through which QEMU, as a user without privileges, opens the tap that belongs to that
 * user. udev makes it open to everybody (systemd's 50-udev-default.rules), which gives away
 * nothing: who opens it can attach to taps of their own only (Linux kernel documentation,
 * networking/tuntap). Where there is no udev it may be root's alone; then it is opened as udev
 * would, and closed again with the last network.
 */
final class TunDevice {
  private static final Set<PosixFilePermission> OPEN = PosixFilePermissions.fromString("rw-rw-rw-");

  private final Path device;
  private final Path closedBefore;

  TunDevice(Path device, Path runtimeDirectory) {
    this.device = device;
    this.closedBefore = runtimeDirectory.resolve("tun-was-closed");
  }

  void open() throws HostException {
    try {
      Set<PosixFilePermission> before = Files.getPosixFilePermissions(device);
      if (!before.containsAll(OPEN)) {
        Files.writeString(closedBefore, PosixFilePermissions.toString(before));
        Files.setPosixFilePermissions(device, OPEN);
      }
    } catch (IOException e) {
      throw new HostException(
          "NetworkFailed",
          "%s cannot be used for tap devices: %s; is the kernel module tun loaded?"
              .formatted(device, e),
          e);
    }
  }

  void restore() throws IOException {
    if (Files.exists(closedBefore)) {
      String before = Files.readString(closedBefore);
      Files.setPosixFilePermissions(device, PosixFilePermissions.fromString(before));
      Files.delete(closedBefore);
    }
  }
}
