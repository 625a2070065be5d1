package dev.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.holdfast.cli.Installation.Output;
import dev.holdfast.cli.quickstart.DebianPackage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The whole way from the manifest to the guest and back, with the real script, kubectl and QEMU.
 * One installation serves all tests; each begins and ends with the demo machine running.
 */
@TestInstance(Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class QuickstartTest {
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final Pattern BOOTS = Pattern.compile("boots +(\\d+)");
  private static final Pattern UPTIME = Pattern.compile("uptime +(\\d+)");

  private Installation host;
  private Output quickstart;
  private String linksBefore;
  private String forwardingBefore;

  @BeforeAll
  void runTheQuickstart() throws Exception {
    assumeTrue(System.getProperty("user.name").equals("root"), "makes bridges: needs root");
    List<DebianPackage> missing =
        DebianPackage.missing(DebianPackage.programsOn(System.getenv("PATH")));
    assumeTrue(missing.isEmpty(), "missing: " + missing);
    assumeTrue(
        DebianPackage.programsOn(System.getenv("PATH")).test("curl"), "fetches pages with curl");
    host = Installation.make();
    linksBefore = links();
    forwardingBefore = forwarding();
    quickstart = host.holdfast("quickstart", "--yes");
    assertThat(quickstart.status()).as(quickstart.text()).isZero();
  }

  @AfterAll
  void takeItAway() throws Exception {
    if (host != null) {
      host.remove();
    }
  }

  @BeforeEach
  void awaitTheGuest() {
    await().atMost(PATIENCE).untilAsserted(() -> assertThat(host.page()).contains("boots"));
  }

  @Test
  @Order(1)
  void showsTheObjectsAndThePageFromInsideTheGuest() {
    assertThat(quickstart.text())
        .contains("virtualmachine.holdfast.dev/demo   Running   True")
        .contains("Hello from inside the guest.", "boots      1", "Try next:");
  }

  @Test
  @Order(2)
  void guestRunsOnWhenUpIsKilled() throws Exception {
    int uptime = number(UPTIME);
    String before = Files.readString(host.run().resolve("up.pid"));
    host.kill(host.run().resolve("up.pid"));

    await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .untilAsserted(
            () -> {
              assertThat(host.run().resolve("up.pid")).content().isNotEqualTo(before);
              assertThat(host.run().resolve("ready")).exists();
              assertThat(ready()).isEqualTo("True Running");
            });
    assertThat(number(UPTIME)).isGreaterThanOrEqualTo(uptime);
    assertThat(number(BOOTS)).isEqualTo(1);
  }

  @Test
  @Order(3)
  void guestRunsOnWhenTheKeeperIsKilled() throws Exception {
    List<ProcessHandle> keepers = host.processes("KeeperMain");
    assertThat(keepers).hasSize(1);
    keepers.getFirst().destroyForcibly();

    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> assertThat(host.processes("KeeperMain")).hasSize(1).isNotEqualTo(keepers));
    assertThat(number(BOOTS)).isEqualTo(1);
    await().atMost(PATIENCE).untilAsserted(() -> assertThat(ready()).isEqualTo("True Running"));
  }

  @Test
  @Order(4)
  void killedQemuIsStartedAgainAndAnEventSaysWhy() throws Exception {
    int boots = number(BOOTS);
    host.kill(qemuPidFile());

    awaitBoots(boots + 1);
    assertThat(host.kubectl("get", "events", "--field-selector", "reason=QemuExited"))
        .contains("virtualmachine/demo", "QEMU has ended");
  }

  @Test
  @Order(5)
  void deletedAndAppliedAgainTheMachineHasItsDiskAndAddress() throws Exception {
    int boots = number(BOOTS);
    String address = address();
    host.kubectl("delete", "vm", "demo");
    assertThat(host.kubectl("get", "vmi", "-o", "name")).isEmpty();
    applyQuickstart();

    awaitBoots(boots + 1);
    assertThat(address()).isEqualTo(address);
  }

  @Test
  @Order(6)
  void pausesHaltsAndStarts() throws Exception {
    patch("{\"spec\":{\"paused\":true}}");
    awaitStatus("Paused");
    host.kubectl("wait", "--for=condition=Ready", "vm/demo", "--timeout=60s");
    patch("{\"spec\":{\"paused\":false}}");
    awaitStatus("Running");
    int boots = number(BOOTS);
    patch("{\"spec\":{\"runStrategy\":\"Halted\"}}");
    awaitStatus("Stopped");
    host.kubectl("wait", "--for=condition=Ready", "vm/demo", "--timeout=60s");
    assertThat(host.processes("qemu-system")).isEmpty();
    patch("{\"spec\":{\"runStrategy\":\"Always\"}}");

    awaitBoots(boots + 1);
  }

  @Test
  @Order(7)
  void changedMemoryWaitsForARestartAndNothingElseHappens() throws Exception {
    int boots = number(BOOTS);
    patch("{\"spec\":{\"memory\":{\"guest\":\"300Mi\"}}}");

    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(
                        host.kubectl(
                            "get", "vm", "demo", "-o", "jsonpath={.status.pendingChanges}"))
                    .isEqualTo("[\"spec.memory.guest\"]"));
    assertThat(host.kubectl("describe", "vm", "demo")).contains("RestartRequired");
    assertThat(ready()).isEqualTo("True Running");
    assertThat(number(BOOTS)).isEqualTo(boots);
    applyQuickstart();
  }

  @Test
  @Order(8)
  void differsInNothingFromWhatWasApplied() throws Exception {
    Output diff = host.tryKubectl("diff", "-f", host.home() + "/examples/quickstart");

    assertThat(diff.text()).isEmpty();
    assertThat(diff.status()).isZero();
  }

  @ParameterizedTest
  @Order(9)
  @MethodSource("wrongManifests")
  void refusesAWrongManifestAndNamesTheField(String name) throws Exception {
    Path manifest = host.home().resolve("examples/wrong").resolve(name);
    String field = Files.readAllLines(manifest).getFirst().replace("# Refused for: ", "");
    Output output = host.tryKubectl("apply", "-f", manifest.toString());

    assertThat(output.status()).as(output.text()).isNotZero();
    assertThat(output.text()).contains(field);
  }

  static List<String> wrongManifests() throws IOException {
    return names("../examples/wrong");
  }

  @ParameterizedTest
  @Order(10)
  @MethodSource("moreExamples")
  void makesEveryExampleReady(String name) throws Exception {
    String manifest = host.home().resolve("examples/more").resolve(name).toString();
    host.kubectl("apply", "-f", manifest);

    host.kubectl("wait", "--for=condition=Ready", "--timeout=120s", "-f", manifest);
    assertThat(host.tryKubectl("diff", "-f", manifest)).isEqualTo(new Output(0, ""));
    host.kubectl("delete", "-f", manifest, "--grace-period=0", "--timeout=120s");
  }

  static List<String> moreExamples() throws IOException {
    return names("../examples/more");
  }

  private static List<String> names(String directory) throws IOException {
    try (Stream<Path> files = Files.list(Path.of(directory))) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  @Order(11)
  void downLeavesNothingBehindAndUpBringsTheSameMachineBack() throws Exception {
    int boots = number(BOOTS);
    Output down = host.holdfast("down");

    assertThat(down.status()).as(down.text()).isZero();
    assertThat(links()).isEqualTo(linksBefore);
    assertThat(forwarding()).isEqualTo(forwardingBefore);
    assertThat(host.inside("nft", "list", "ruleset")).isEmpty();
    assertThat(host.processes("")).isEmpty();
    assertThat(host.run()).doesNotExist();
    assertThat(host.holdfast("down").status()).as("once more").isZero();

    Output again = host.holdfast("quickstart", "--yes");
    assertThat(again.status()).as(again.text()).isZero();
    awaitBoots(boots + 1);
  }

  private String links() throws Exception {
    return host.inside("ip", "-o", "link");
  }

  private String forwarding() throws Exception {
    return host.inside("cat", "/proc/sys/net/ipv4/ip_forward");
  }

  private Path qemuPidFile() throws IOException {
    try (Stream<Path> machines = Files.list(host.run().resolve("machines"))) {
      return machines.findFirst().orElseThrow().resolve("run/pid");
    }
  }

  private void applyQuickstart() throws Exception {
    host.kubectl("apply", "-f", host.home() + "/examples/quickstart");
  }

  private void patch(String patch) throws Exception {
    host.kubectl("patch", "vm", "demo", "--type=merge", "-p", patch);
  }

  private String address() throws Exception {
    return host.kubectl("get", "vm", "demo", "-o", "jsonpath={.status.interfaces[0].ipAddress}");
  }

  private String ready() throws Exception {
    return host.kubectl(
        "get",
        "vm",
        "demo",
        "-o",
        "jsonpath={.status.conditions[?(@.type==\"Ready\")].status} {.status.printableStatus}");
  }

  private void awaitStatus(String printableStatus) {
    await()
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(ready()).isEqualTo("True " + printableStatus));
  }

  private void awaitBoots(int boots) {
    await()
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(host.page()).containsPattern("boots +" + boots + "\\R"));
  }

  private int number(Pattern pattern) throws Exception {
    Matcher matcher = pattern.matcher(host.page());
    assertThat(matcher.find()).isTrue();
    return Integer.parseInt(matcher.group(1));
  }
}
