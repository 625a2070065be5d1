package dev.holdfast.system.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.holdfast.node.host.qemu.QemuHostOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two hosts with one directory, one control plane, one machine whose guest keeps a log of itself on
 * its disk: whatever happens to either host, the disk has one writer at any time, and the machine
 * runs again.
 *
 * <p>The watchdog's fire time is 5 s here and not 60, equal on both hosts, so a host is dead 13 s
 * after its last renewal.
 */
class FailoverTest {
  /** Lost, dead, placed again, booted; on a busy machine. */
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  /** A guest that runs writes 18 records a second. */
  private static final int SOME_RECORDS = 10;

  @TempDir private Path directory;
  private @Nullable TwoHosts hosts;

  @BeforeEach
  void start() throws Exception {
    assumeTrue("root".equals(System.getProperty("user.name")), "needs root to give images away");
    Path qemu = QemuHostOptions.defaults().binary();
    assumeTrue(Files.isExecutable(qemu), qemu + " is missing");
    hosts = TwoHosts.start(directory);
    awaitRecords(SOME_RECORDS);
  }

  @AfterEach
  void stop() {
    if (hosts != null) {
      hosts.close();
    }
  }

  private TwoHosts hosts() {
    return Objects.requireNonNull(hosts);
  }

  private void awaitRecords(int count) {
    await()
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(200))
        .untilAsserted(() -> assertThat(hosts().log().records()).isGreaterThanOrEqualTo(count));
  }

  private void awaitItRuns() throws Exception {
    awaitRecords(hosts().log().records() + SOME_RECORDS);
  }

  @Test
  void machineOfAHostThatDiesRunsOnTheOtherOne() throws Exception {
    TestHost dead = hosts().runningOn();

    dead.signalAll("KILL");

    awaitItRuns();
    assertThat(hosts().runningOn()).isNotSameAs(dead);
    assertThat(hosts().log().runs()).hasSize(2);
  }

  @Test
  void machineOfAHostThatIsOnlyCutOffStaysWhereItIs() throws Exception {
    TestHost cutOff = hosts().runningOn();

    cutOff.cable().cut(true);

    hosts().awaitLost(cutOff);
    awaitItRuns();
    assertThat(hosts().runningOn()).isSameAs(cutOff);
    assertThat(hosts().log().runs()).hasSize(1);
  }

  @Test
  void hostThatFreezesAndThawsHasLostItsMachineToTheOtherOne() throws Exception {
    TestHost frozen = hosts().runningOn();

    frozen.signalAll("STOP");
    awaitItRuns();
    frozen.signalAll("CONT");

    frozen.repair();
    awaitItRuns();
    assertThat(hosts().runningOn()).isNotSameAs(frozen);
    assertThat(frozen.machines()).isEmpty();
  }

  @Test
  @Tag("heavy")
  void diskHasOneWriterWhateverHappensToTheHosts() throws Exception {
    long seed = Long.getLong("holdfast.seed", System.nanoTime());
    int rounds = Integer.getInteger("holdfast.rounds", 200);
    System.out.println("failover: seed " + seed + ", " + rounds + " rounds");
    Random random = new Random(seed);
    List<Fault> faults = List.of(Fault.values());
    for (int round = 1; round <= rounds; round++) {
      Fault fault = faults.get(random.nextInt(faults.size()));
      TestHost victim =
          random.nextInt(5) == 0 ? hosts().other(hosts().runningOn()) : hosts().runningOn();
      Duration time = Duration.ofMillis(random.nextInt(25_000));
      long began = System.nanoTime();
      fault.strike(victim);
      TwoHosts.pass(time);
      fault.heal(victim);
      long healed = System.nanoTime();
      awaitItRuns();
      System.out.printf(
          "failover: round %d: %s at %s for %.1f s, %.1f s later it runs on %s, %d starts%n",
          round,
          fault,
          victim.name(),
          (healed - began) / 1e9,
          (System.nanoTime() - healed) / 1e9,
          hosts().runningOn().name(),
          hosts().log().runs().size());
    }
  }
}
