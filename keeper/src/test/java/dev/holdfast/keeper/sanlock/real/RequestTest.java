package dev.holdfast.keeper.sanlock.real;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.keeper.sanlock.format.RequestRecord.Demand;
import dev.holdfast.keeper.sanlock.resource.AcquireResult;
import dev.holdfast.keeper.sanlock.resource.LeaseMode;
import dev.holdfast.keeper.sanlock.resource.ResourceLease;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalLong;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Hosts ask each other to let go of a lease. */
class RequestTest {
  private static final int OFFSET = 1024 * 1024;

  @TempDir private Path directory = Path.of("");

  @BeforeEach
  void findSanlock() {
    Sanlock.assumeInstalled();
  }

  @Test
  void sanlockAndWeHearEachOthersRequests() throws Exception {
    Path storage = Storage.with(directory, "LS1", "vm1");
    Path granted = directory.resolve("granted");
    String resource = "LS1:vm1:" + storage + ":" + OFFSET;
    try (SanlockHost theirs = SanlockHost.start(directory.resolve("run"), "sanlock")) {
      theirs.join("LS1", 1, storage);
      try (OurHost ours = OurHost.join(storage, "LS1", 2, "ours")) {
        ResourceLease lease = ours.lease("vm1", OFFSET);
        assertThat(lease.request(Demand.FORCED)).as("nobody has it").isFalse();
        Process holder = theirs.startHolding(resource, "echo yes > " + granted + "; exec sleep 60");
        Awaitility.await().until(() -> Files.exists(granted));
        assertThat(lease.request(Demand.FORCED)).isTrue();
        Awaitility.await("sanlock kills its holder")
            .atMost(Duration.ofSeconds(30))
            .until(() -> !holder.isAlive());

        Awaitility.await("the lease is ours")
            .atMost(Duration.ofSeconds(30))
            .until(
                () ->
                    lease.acquire(LeaseMode.EXCLUSIVE, OptionalLong.empty())
                        instanceof AcquireResult.Acquired);
        assertThat(lease.demand()).isEqualTo(Demand.NONE);
        long next = lease.version().orElseThrow() + 1;
        assertThat(theirs.client("request", "-r", resource + ":" + next, "-f", "2").text())
            .contains("done 0");
        Awaitility.await("we are asked").atMost(Duration.ofSeconds(30)).until(ours::isRequested);
        assertThat(lease.demand()).isEqualTo(Demand.GRACEFUL);
        ours.check();
      }
    }
  }
}
