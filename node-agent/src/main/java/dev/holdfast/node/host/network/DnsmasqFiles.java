package dev.holdfast.node.host.network;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.holdfast.node.plan.HostState.BridgeDefinition;
import dev.holdfast.node.plan.HostState.Reservation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The files of one network's dnsmasq. They may be read by everybody, because dnsmasq reads the
 * reservations again as its unprivileged user.
 */
final class DnsmasqFiles {
  private final Path directory;

  DnsmasqFiles(Path directory) {
    this.directory = directory;
  }

  Path directory() {
    return directory;
  }

  /**
   * The configuration. Its name carries a digest of its content, so that the command line of a
   * running dnsmasq proves which configuration it was started with.
   */
  Path configuration(String content) {
    return directory.resolve("dnsmasq-" + Ruleset.digest(content) + ".conf");
  }

  Path processId() {
    return directory.resolve("pid");
  }

  /** There from before the reservations are changed until dnsmasq was told to read them. */
  Path reloadPending() {
    return directory.resolve("reload-pending");
  }

  private Path reservations() {
    return directory.resolve("reservations");
  }

  private Path names() {
    return directory.resolve("names");
  }

  private Path leases() {
    return directory.resolve("leases");
  }

  private Path address() {
    return directory.resolve("address");
  }

  void make() throws IOException {
    Files.createDirectories(directory);
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  /** Everything that only a restart of dnsmasq changes; dnsmasq(8) has the meaning of each line. */
  String configurationOf(BridgeDefinition bridge, DnsmasqUser user) {
    Subnet subnet = Subnet.parse(bridge.subnet());
    return Stream.of(
            "# Made by Holdfast; changes are lost.",
            "interface=" + bridge.name(),
            "except-interface=lo",
            // As --bind-interfaces, so that several run on a host, but also checks on which
            // interface a question has arrived.
            "bind-dynamic",
            "user=" + user.user(),
            "group=" + user.group(),
            // The host's own names mean nothing, or something else, to a guest.
            "no-hosts",
            "domain-needed",
            "addn-hosts=" + names(),
            "dhcp-range=" + subnet.networkAddress() + ",static," + subnet.netmask() + ",1h",
            "dhcp-hostsfile=" + reservations(),
            "dhcp-option=option:router," + bridge.gateway(),
            "dhcp-option=option:dns-server," + bridge.gateway(),
            "dhcp-authoritative",
            "dhcp-no-override",
            // All addresses are reserved, so nobody else can have them.
            "no-ping",
            "dhcp-leasefile=" + leases(),
            "pid-file=" + processId())
        .collect(Collectors.joining("\n", "", "\n"));
  }

  void writeConfiguration(String content) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".conf")).toList()) {
        Files.delete(file);
      }
    }
    write(configuration(content), content);
  }

  /** Remembers the network where its bridge cannot: after somebody has removed the link. */
  void writeAddress(String addressWithPrefix) throws IOException {
    write(address(), addressWithPrefix + "\n");
  }

  @Nullable String readAddress() throws IOException {
    try {
      return Files.readString(address()).strip();
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  void writeReservations(Set<Reservation> reservations) throws IOException {
    List<Reservation> sorted =
        reservations.stream()
            .sorted(Comparator.comparingLong(r -> Subnet.address(r.ipAddress())))
            .toList();
    write(
        names(),
        sorted.stream()
            .filter(r -> !r.hostName().isEmpty())
            .map(r -> r.ipAddress() + " " + r.hostName() + "\n")
            .collect(Collectors.joining()));
    write(
        reservations(),
        sorted.stream()
            .map(
                r ->
                    r.macAddress()
                        + ","
                        + r.ipAddress()
                        + (r.hostName().isEmpty() ? "" : "," + r.hostName())
                        + "\n")
            .collect(Collectors.joining()));
  }

  Set<Reservation> readReservations() throws IOException {
    Set<Reservation> result = new HashSet<>();
    for (String line : lines(reservations())) {
      String[] parts = line.split(",", -1);
      if (parts.length >= 2) {
        result.add(new Reservation(parts[0], parts[1], parts.length > 2 ? parts[2] : ""));
      }
    }
    return result;
  }

  /**
   * Leases of addresses that are now reserved for other cards. dnsmasq would keep such an address
   * from its new owner until the lease ends.
   */
  boolean hasLeasesAgainst(Set<Reservation> reservations) throws IOException {
    Map<String, String> owners = owners(reservations);
    return lines(leases()).stream().anyMatch(l -> isAgainst(l, owners));
  }

  /** Only while dnsmasq does not run, which has the leases in its memory. */
  void dropLeasesAgainst(Set<Reservation> reservations) throws IOException {
    Map<String, String> owners = owners(reservations);
    List<String> kept = lines(leases()).stream().filter(l -> !isAgainst(l, owners)).toList();
    write(leases(), kept.stream().map(l -> l + "\n").collect(Collectors.joining()));
  }

  private static Map<String, String> owners(Set<Reservation> reservations) {
    Map<String, String> owners = new HashMap<>();
    reservations.forEach(r -> owners.put(r.ipAddress(), r.macAddress()));
    return owners;
  }

  /** A line of the lease file: time of expiry, MAC address, IP address, name, client id. */
  private static boolean isAgainst(String lease, Map<String, String> owners) {
    String[] parts = lease.split(" ", -1);
    if (parts.length < 3) {
      return false;
    }
    String owner = owners.get(parts[2]);
    return owner != null && !owner.equalsIgnoreCase(parts[1]);
  }

  private static List<String> lines(Path file) throws IOException {
    try {
      return Files.readAllLines(file);
    } catch (NoSuchFileException e) {
      return List.of();
    }
  }

  private void write(Path file, String content) throws IOException {
    Path half = directory.resolve("." + file.getFileName() + ".new");
    Files.writeString(half, content, UTF_8);
    Files.setPosixFilePermissions(half, PosixFilePermissions.fromString("rw-r--r--"));
    Files.move(half, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  void delete() throws IOException {
    if (!Files.isDirectory(directory)) {
      return;
    }
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        Files.deleteIfExists(file);
      }
    }
    Files.delete(directory);
  }
}
