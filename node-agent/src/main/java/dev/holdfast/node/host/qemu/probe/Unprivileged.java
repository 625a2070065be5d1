package dev.holdfast.node.host.qemu.probe;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** QEMU as nobody, because it never runs as root, not even for a probe. */
final class Unprivileged {
  /** {@code nobody} on every distribution. */
  static final int NOBODY = 65_534;

  static final Path KVM = Path.of("/dev/kvm");

  private static final int READ_AND_WRITE = 6;

  private Unprivileged() {}

  static boolean isRoot() {
    return "root".equals(System.getProperty("user.name"));
  }

  /** The command as nobody, and with the group that may open /dev/kvm. */
  static List<String> command(List<String> arguments) {
    return command(NOBODY, arguments);
  }

  /**
   * The command without capabilities, and with the group that may open /dev/kvm.
   *
   * @param user 0 keeps what root owns, and nothing else of root
   */
  static List<String> command(int user, List<String> arguments) {
    if (!isRoot()) {
      return arguments;
    }
    var command = new ArrayList<String>();
    command.addAll(List.of("setpriv", "--reuid=" + user, "--regid=" + user));
    int group = kvmGroup();
    command.add(group == 0 ? "--clear-groups" : "--groups=" + group);
    command.addAll(List.of("--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", "--"));
    command.addAll(arguments);
    return List.copyOf(command);
  }

  /** Whether a process without privileges, but in the group of /dev/kvm, may open it. */
  static boolean mayUseKvm() {
    try {
      Map<String, Object> attributes = Files.readAttributes(KVM, "unix:mode,gid");
      int mode = number(attributes, "mode");
      boolean byGroup =
          number(attributes, "gid") != 0 && ((mode >> 3) & READ_AND_WRITE) == READ_AND_WRITE;
      return byGroup || (mode & READ_AND_WRITE) == READ_AND_WRITE;
    } catch (IOException missing) {
      return false;
    }
  }

  private static int kvmGroup() {
    try {
      return number(Files.readAttributes(KVM, "unix:gid"), "gid");
    } catch (IOException missing) {
      return 0;
    }
  }

  private static int number(Map<String, Object> attributes, String name) {
    return attributes.get(name) instanceof Integer value ? value : 0;
  }
}
