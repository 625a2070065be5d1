package dev.holdfast.node.host.network;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The unprivileged user that dnsmasq becomes after its start. */
record DnsmasqUser(String user, String group) {

  /** {@code dnsmasq} where the package has made that user, else {@code nobody}. */
  static DnsmasqUser find() throws IOException {
    List<String> users = Files.readAllLines(Path.of("/etc/passwd"));
    String user = entry(users, 0, "dnsmasq").isPresent() ? "dnsmasq" : "nobody";
    // passwd(5): the fourth field is the number of the group; group(5): the third.
    String group = entry(users, 0, user).flatMap(u -> groupName(u[3])).orElse("nogroup");
    return new DnsmasqUser(user, group);
  }

  private static Optional<String> groupName(String number) {
    try {
      return entry(Files.readAllLines(Path.of("/etc/group")), 2, number).map(g -> g[0]);
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static Optional<String[]> entry(List<String> lines, int field, String value) {
    return lines.stream()
        .map(l -> l.split(":", -1))
        .filter(e -> e.length > 3 && e[field].equals(value))
        .findFirst();
  }
}
