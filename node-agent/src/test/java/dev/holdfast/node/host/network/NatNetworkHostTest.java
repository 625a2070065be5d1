package dev.holdfast.node.host.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.holdfast.node.host.HostException;
import dev.holdfast.node.host.NetworkHost;
import dev.holdfast.node.host.NetworkHostContract;
import dev.holdfast.node.host.command.Command;
import dev.holdfast.node.host.command.CommandResult;
import dev.holdfast.node.plan.HostState.Bridge;
import dev.holdfast.node.plan.HostState.BridgeDefinition;
import dev.holdfast.node.plan.HostState.Reservation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real bridges, packet filters and dnsmasq, in network namespaces that end with each test. */
@Timeout(60)
class NatNetworkHostTest extends NetworkHostContract {
  private static final String SERVER = "203.0.113.2";

  @TempDir Path directory;
  private final List<Process> processes = new ArrayList<>();
  private final List<String> namespaces = new ArrayList<>();
  private String node = "";
  private Path runtime = Path.of("/");
  private NatNetworkHost host;

  @BeforeAll
  static void requireTools() throws Exception {
    assumeTrue(Command.of("id", "-u").run().stdout().strip().equals("0"), "not root");
    for (String tool : List.of("ip", "nft", "dnsmasq", "nsenter", "busybox")) {
      assumeTrue(
          Command.of("sh", "-c", "command -v " + tool).execute().succeeded(),
          tool + " is not installed");
    }
    String probe = "hfp" + ProcessHandle.current().pid();
    assumeTrue(
        Command.of("ip", "netns", "add", probe).execute().succeeded(),
        "network namespaces cannot be made here");
    Command.of("ip", "netns", "delete", probe).run();
  }

  @BeforeEach
  void makeNode() throws Exception {
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
    runtime = directory.resolve("networks");
    node = namespace("n");
    host = new NatNetworkHost(runtime, List.of("nsenter", "--net=/run/netns/" + node));
  }

  @AfterEach
  void removeEverything() throws Exception {
    for (Process process : processes) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly().waitFor();
    }
    for (String name : Set.copyOf(host.bridges().keySet())) {
      host.removeBridge(name);
    }
    for (String namespace : namespaces) {
      Command.of("ip", "netns", "delete", namespace).run();
    }
  }

  private String namespace(String suffix) throws HostException {
    String name = "hft" + ProcessHandle.current().pid() + suffix;
    Command.of("ip", "netns", "add", name).run();
    namespaces.add(name);
    in(name, "ip", "link", "set", "lo", "up").run();
    return name;
  }

  private static Command in(String namespace, String... arguments) {
    List<String> all = new ArrayList<>(List.of("nsenter", "--net=/run/netns/" + namespace));
    all.addAll(List.of(arguments));
    return Command.of(all).withTimeout(Duration.ofSeconds(20));
  }

  @Override
  protected NetworkHost host() {
    return host;
  }

  @Override
  protected void putForeignBridge(String name, String address) throws Exception {
    in(node, "ip", "link", "add", name, "type", "bridge").run();
    in(node, "ip", "address", "add", address, "dev", name).run();
    in(node, "ip", "link", "set", name, "up").run();
  }

  @Override
  protected void breakBridge(String name) throws Exception {
    ProcessHandle process = dnsmasq(name);
    process.destroyForcibly();
    await().pollInterval(Duration.ofMillis(5)).until(() -> commandLine(process.pid()).isEmpty());
  }

  private ProcessHandle dnsmasq(String name) throws Exception {
    long pid = Long.parseLong(Files.readString(runtime.resolve(name).resolve("pid")).strip());
    return ProcessHandle.of(pid).orElseThrow();
  }

  private static String commandLine(long pid) {
    try {
      return Files.readString(Path.of("/proc", Long.toString(pid), "cmdline"));
    } catch (IOException e) {
      return "";
    }
  }

  /** A network beyond the node with a web server, reached by the node's default route. */
  private String makeWorld() throws Exception {
    String world = namespace("w");
    in(node, "ip", "link", "add", "uplink", "type", "veth", "peer", "name", "eth0", "netns", world)
        .run();
    in(node, "ip", "address", "add", "203.0.113.1/24", "dev", "uplink").run();
    in(node, "ip", "link", "set", "uplink", "up").run();
    in(world, "ip", "address", "add", SERVER + "/24", "dev", "eth0").run();
    in(world, "ip", "link", "set", "eth0", "up").run();
    serve(world, SERVER, "the world");
    return world;
  }

  private void serve(String namespace, String address, String page) throws Exception {
    Path root = Files.createDirectory(directory.resolve("www" + processes.size()));
    Files.writeString(root.resolve("index.html"), page);
    processes.add(
        new ProcessBuilder(
                "nsenter",
                "--net=/run/netns/" + namespace,
                "busybox",
                "httpd",
                "-f",
                "-p",
                address + ":80",
                "-h",
                root.toString())
            .start());
    await().until(() -> fetch(namespace, address).stdout().equals(page));
  }

  /** By bash itself, since the wget of a statically linked busybox crashes as it looks up names. */
  private static CommandResult fetch(String namespace, String address) throws HostException {
    String request =
        "exec 3<>/dev/tcp/" + address + "/80; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; ";
    String body = "while IFS= read -r line <&3 && [ \"$line\" != $'\\r' ]; do :; done; cat <&3";
    return in(namespace, "timeout", "3", "bash", "-c", request + body).execute();
  }

  /** A namespace in the place of a guest: its card is plugged into the bridge. */
  private String makeGuest(String suffix, String bridge, String macAddress) throws Exception {
    String guest = namespace(suffix);
    in(
            node,
            "ip",
            "link",
            "add",
            "port" + suffix,
            "type",
            "veth",
            "peer",
            "name",
            "eth0",
            "netns",
            guest)
        .run();
    in(node, "ip", "link", "set", "port" + suffix, "master", bridge, "up").run();
    in(guest, "ip", "link", "set", "eth0", "address", macAddress, "up").run();
    return guest;
  }

  /** Asks for an address and takes it; returns what the server said. */
  private CommandResult configure(String guest) throws Exception {
    Path script = directory.resolve("udhcpc");
    Files.writeString(
        script,
        """
        #!/bin/sh
        [ "$1" = bound ] || exit 0
        ip address flush dev $interface
        ip address add $ip/$mask dev $interface
        ip route add default via $router
        echo "ip=$ip mask=$mask router=$router dns=$dns hostname=$hostname"
        """);
    Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
    return in(
            guest,
            "busybox",
            "udhcpc",
            "-i",
            "eth0",
            "-f",
            "-q",
            "-n",
            "-t",
            "4",
            "-T",
            "1",
            "-O",
            "hostname",
            "-s",
            script.toString())
        .execute();
  }

  private static CommandResult resolve(String guest, String name, String server) throws Exception {
    return in(guest, "busybox", "nslookup", "-type=a", name, server).execute();
  }

  @Test
  void servesAGuest() throws Exception {
    makeWorld();
    host.ensureBridge(RED);
    String guest = makeGuest("a", "hfb1a", FIRST.macAddress());

    assertThat(configure(guest).stdout())
        .contains("ip=192.168.71.11 mask=24 router=192.168.71.1 dns=192.168.71.1 hostname=first");
    assertThat(resolve(guest, "first", "192.168.71.1").stdout()).contains("192.168.71.11");
    assertThat(fetch(guest, SERVER).stdout()).isEqualTo("the world");
  }

  @Test
  void givesNoAddressToAnUnknownCard() throws Exception {
    host.ensureBridge(RED);
    String guest = makeGuest("a", "hfb1a", "52:54:00:99:99:99");

    assertThat(configure(guest).succeeded()).isFalse();
  }

  @Test
  void keepsNetworksApartAndTheWorldOut() throws Exception {
    String world = makeWorld();
    Reservation blueGuest = new Reservation("52:54:00:00:00:22", "192.168.72.22", "other");
    host.ensureBridge(RED);
    host.ensureBridge(
        new BridgeDefinition("hfb2b", "192.168.72.0/24", "192.168.72.1", Set.of(blueGuest)));
    String red = makeGuest("a", "hfb1a", FIRST.macAddress());
    String blue = makeGuest("b", "hfb2b", blueGuest.macAddress());
    configure(red);
    configure(blue);
    serve(blue, "192.168.72.22", "blue");
    in(world, "ip", "route", "add", "192.168.72.0/24", "via", "203.0.113.1").run();

    assertThat(fetch(node, "192.168.72.22").stdout()).isEqualTo("blue");
    assertThat(fetch(blue, SERVER).stdout()).isEqualTo("the world");
    assertThat(fetch(red, "192.168.72.22").succeeded()).isFalse();
    assertThat(fetch(world, "192.168.72.22").succeeded()).isFalse();
    assertThat(resolve(red, "other", "192.168.72.1").succeeded()).isFalse();
    assertThat(resolve(world, "other", "192.168.72.1").succeeded()).isFalse();
  }

  @Test
  void addsAReservationWithoutARestart() throws Exception {
    host.ensureBridge(RED);
    long before = dnsmasq("hfb1a").pid();

    host.ensureBridge(red(FIRST, SECOND));

    assertThat(dnsmasq("hfb1a").pid()).isEqualTo(before);
    String guest = makeGuest("a", "hfb1a", SECOND.macAddress());
    assertThat(configure(guest).stdout()).contains("ip=192.168.71.12").contains("hostname=second");
    assertThat(resolve(guest, "second", "192.168.71.1").stdout()).contains("192.168.71.12");
  }

  @Test
  void handsAnAddressOnToItsNextOwner() throws Exception {
    host.ensureBridge(RED);
    configure(makeGuest("a", "hfb1a", FIRST.macAddress()));
    in(node, "ip", "link", "delete", "porta").run();

    host.ensureBridge(red(new Reservation("52:54:00:00:00:0b", FIRST.ipAddress(), "next")));

    String guest = makeGuest("b", "hfb1a", "52:54:00:00:00:0b");
    assertThat(configure(guest).stdout()).contains("ip=192.168.71.11").contains("hostname=next");
  }

  @Test
  void leavesTheNodeAsItWas() throws Exception {
    in(node, "nft", "add", "table", "inet", "foreign").run();
    String before = snapshot();

    host.ensureBridge(RED);
    host.ensureBridge(BLUE);
    host.ensureTap(TAP);
    long process = dnsmasq("hfb1a").pid();
    assertThat(in(node, "cat", "/proc/sys/net/ipv4/ip_forward").run().stdout()).isEqualTo("1\n");
    host.removeTap("hft1a");
    host.removeBridge("hfb1a");
    host.removeBridge("hfb2b");

    assertThat(snapshot()).isEqualTo(before);
    assertThat(commandLine(process)).isEmpty();
    assertThat(runtime).doesNotExist();
  }

  @Test
  void leavesForwardingOnWhereItWasOn() throws Exception {
    in(node, "tee", "/proc/sys/net/ipv4/ip_forward").withInput("1\n").run();

    host.ensureBridge(RED);
    host.removeBridge("hfb1a");

    assertThat(in(node, "cat", "/proc/sys/net/ipv4/ip_forward").run().stdout()).isEqualTo("1\n");
  }

  private String snapshot() throws Exception {
    return in(node, "ip", "-br", "link").run().stdout()
        + in(node, "ip", "-4", "route").run().stdout()
        + in(node, "nft", "list", "ruleset").run().stdout()
        + in(node, "cat", "/proc/sys/net/ipv4/ip_forward").run().stdout();
  }

  @Test
  void changesNothingWhenAllIsThere() throws Exception {
    host.ensureBridge(RED);
    host.ensureTap(TAP);
    String before = details();
    long process = dnsmasq("hfb1a").pid();

    host.ensureBridge(RED);
    host.ensureTap(TAP);

    assertThat(details()).isEqualTo(before);
    assertThat(dnsmasq("hfb1a").pid()).isEqualTo(process);
  }

  private String details() throws Exception {
    // With handles and link numbers, which change when something is made anew.
    return in(node, "ip", "-o", "address").run().stdout()
        + in(node, "nft", "-a", "list", "ruleset").run().stdout();
  }

  @Test
  void findsEverythingAgainAfterARestartOfTheAgent() throws Exception {
    host.ensureBridge(RED);
    host.ensureTap(TAP);

    NetworkHost next = new NatNetworkHost(runtime, List.of("nsenter", "--net=/run/netns/" + node));

    assertThat(next.bridges()).isEqualTo(Map.of("hfb1a", new Bridge(RED, true)));
    assertThat(next.taps()).isEqualTo(host.taps()).hasSize(1);
  }

  @Test
  void noticesAndRepairsWhatOthersHaveBroken() throws Exception {
    Command[] damages = {
      in(node, "nft", "flush", "ruleset"),
      in(node, "nft", "flush", "chain", "inet", "holdfast", "hfb1a-in"),
      in(node, "nft", "flush", "map", "inet", "holdfast", "inbound"),
      in(node, "ip", "link", "set", "hfb1a", "down"),
      in(node, "ip", "address", "flush", "dev", "hfb1a"),
      in(node, "ip", "link", "delete", "hfb1a"),
      in(node, "tee", "/proc/sys/net/ipv4/ip_forward").withInput("0\n"),
      Command.of("rm", runtime.resolve("hfb1a/pid").toString()),
      Command.of("touch", runtime.resolve("hfb1a/reload-pending").toString()),
    };
    host.ensureBridge(RED);
    for (Command damage : damages) {
      damage.run();
      assertThat(host.bridges())
          .as("%s", damage)
          .isEqualTo(Map.of("hfb1a", new Bridge(RED, false)));

      host.ensureBridge(RED);

      assertThat(host.bridges()).as("%s", damage).isEqualTo(Map.of("hfb1a", new Bridge(RED, true)));
    }
  }

  @Test
  void runsDnsmasqWithoutPrivileges() throws Exception {
    host.ensureBridge(RED);

    assertThat(Files.getAttribute(Path.of("/proc/" + dnsmasq("hfb1a").pid()), "unix:uid"))
        .isNotEqualTo(0);
  }

  @Test
  void givesATapToItsUserOnly() throws Exception {
    host.ensureBridge(RED);
    host.ensureTap(TAP);

    assertThat(in(node, "ip", "-d", "link", "show", "hft1a").run().stdout())
        .contains("user 61234")
        .contains("master hfb1a")
        .contains("addrgenmode none");
  }

  @Test
  void refusesASubnetThatOverlapsARoute() throws Exception {
    makeWorld();
    in(node, "ip", "route", "add", "192.168.0.0/16", "via", SERVER).run();

    assertRefused("AddressConflict", () -> host.ensureBridge(RED));
  }

  @Test
  void takesNoHeedOfDefaultRoutes() throws Exception {
    makeWorld();
    in(node, "ip", "route", "add", "default", "via", SERVER).run();
    in(node, "ip", "route", "add", "128.0.0.0/1", "via", SERVER).run();

    host.ensureBridge(RED);

    assertThat(host.bridges()).isEqualTo(Map.of("hfb1a", new Bridge(RED, true)));
  }

  @Test
  void refusesValuesThatWouldBeCommands() {
    assertRefused(
        "InvalidNetwork",
        () ->
            host.ensureBridge(
                red(new Reservation(FIRST.macAddress(), FIRST.ipAddress(), "a\nport=0"))));
    assertRefused(
        "InvalidNetwork",
        () ->
            host.ensureBridge(
                new BridgeDefinition("hfb1a; }", "10.0.0.0/24", "10.0.0.1", Set.of())));
  }
}
