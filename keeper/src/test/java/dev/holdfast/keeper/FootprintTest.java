package dev.holdfast.keeper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.holdfast.keeper.client.KeeperClient;
import dev.holdfast.keeper.protocol.lease.HeldLease;
import dev.holdfast.keeper.protocol.lease.Lease;
import dev.holdfast.keeper.protocol.lease.LeaseMode;
import dev.holdfast.keeper.protocol.lease.Lockspace;
import dev.holdfast.keeper.protocol.lease.LockspaceState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A keeper without memory ends, and every machine with renewed leases with it. */
@Tag("heavy")
class FootprintTest {
  private static final int LEASES = 12;

  @TempDir private Path directory;
  private Machines machines;
  private ProcessHandle keeper;
  private KeeperClient client;

  @BeforeEach
  void start() throws IOException {
    assumeTrue("root".equals(System.getProperty("user.name")), "the keeper is started as root");
    machines = new Machines(directory);
    keeper = machines.startKeeper("--watchdog=off");
    client = machines.connect(new RecordingListener());
  }

  @AfterEach
  void stop() throws IOException {
    if (client != null) {
      client.close();
      machines.close();
    }
  }

  private Lockspace lockspace(int number, int sectorSize, int alignMebibytes) {
    return new Lockspace(
        "pool-" + number,
        directory.resolve("leases-" + number),
        0,
        1,
        "host",
        1,
        sectorSize,
        alignMebibytes);
  }

  private void join(Lockspace lockspace) throws IOException {
    client.formatLockspace(lockspace);
    client.joinLockspace(lockspace);
  }

  private void awaitRenewals(int lockspaces, int renewals) {
    Awaitility.await()
        .atMost(Duration.ofSeconds(90))
        .until(
            () -> {
              List<LockspaceState> states = client.listLockspaces();
              return states.size() == lockspaces
                  && states.stream().allMatch(state -> state.figures().renewals() >= renewals);
            });
  }

  private List<HeldLease> acquireManyAtOnce(Lockspace lockspace) throws Exception {
    var held = new ArrayList<HeldLease>();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var acquisitions = new ArrayList<Future<List<HeldLease>>>();
      for (int number = 0; number < LEASES; number++) {
        var lease =
            new Lease.Sanlock(
                lockspace.name(),
                "disk-" + number,
                lockspace.path(),
                (((long) number + 3) * lockspace.alignMebibytes()) << 20,
                LeaseMode.EXCLUSIVE,
                null);
        acquisitions.add(
            threads.submit(
                () -> {
                  client.formatLease(lease);
                  return client.acquireLeases(UUID.randomUUID(), List.of(lease));
                }));
      }
      for (Future<List<HeldLease>> acquisition : acquisitions) {
        held.addAll(acquisition.get());
      }
    }
    return held;
  }

  @Test
  void theSmallestAreasCostLittle() throws Exception {
    report("without lockspaces");
    Lockspace lockspace = lockspace(1, 512, 1);
    join(lockspace);
    awaitRenewals(1, 1);
    report("one lockspace of 1 MiB joined");
    assertThat(acquireManyAtOnce(lockspace)).hasSize(LEASES);
    report(LEASES + " leases made and acquired at once");
    awaitRenewals(1, 15);
    report("after 15 renewals");
    assertThat(client.listLockspaces().getFirst().figures().failures()).isZero();
  }

  @Test
  void theLargestAreasFitInItsHeap() throws Exception {
    List<Lockspace> lockspaces =
        List.of(lockspace(1, 4096, 8), lockspace(2, 4096, 8), lockspace(3, 4096, 8));
    for (Lockspace lockspace : lockspaces) {
      join(lockspace);
    }
    awaitRenewals(3, 1);
    report("three lockspaces of 8 MiB joined");
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<List<HeldLease>>> all =
          lockspaces.stream()
              .map(lockspace -> threads.submit(() -> acquireManyAtOnce(lockspace)))
              .toList();
      for (Future<List<HeldLease>> held : all) {
        assertThat(held.get()).hasSize(LEASES);
      }
    }
    report(3 * LEASES + " leases made and acquired at once");
    awaitRenewals(3, 10);
    report("after 10 renewals of each");
    assertThat(Machines.runs(keeper)).isTrue();
  }

  private void report(String when) throws IOException {
    List<String> sizes =
        Files.readAllLines(Path.of("/proc/" + keeper.pid() + "/status")).stream()
            .filter(line -> line.startsWith("VmRSS") || line.startsWith("VmHWM"))
            .map(line -> line.replaceAll("\\s+", " "))
            .toList();
    System.out.println(
        "FootprintTest: "
            + when
            + ": "
            + sizes
            + client.listLockspaces().stream().map(LockspaceState::figures).toList());
  }
}
