package dev.holdfast.keeper.sanlock.real;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.keeper.sanlock.resource.AcquireResult;
import dev.holdfast.keeper.sanlock.resource.LeaseMode;
import dev.holdfast.keeper.sanlock.resource.ResourceLease;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A host falls silent with a lease, and the other, of the other kind, gets it. */
class TakeoverTest {
  private static final String LOCKSPACE = "LS1";
  private static final int RESOURCE_OFFSET = 1024 * 1024;
  private static final Duration DEAD = OurHost.TIMES.dead();
  private static final Duration LATEST = DEAD.plusSeconds(5);

  /** Where a host's record has its timestamp. */
  private static final int TIMESTAMP = 152;

  @TempDir private Path directory = Path.of("");

  @BeforeEach
  void findSanlock() {
    Sanlock.assumeInstalled();
  }

  /** Each takes more than a minute, so they run beside each other. */
  @Test
  @Tag("heavy")
  void aSilentHostIsTakenOverWhenItMustBeGoneAndSoonAfter() throws Exception {
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Duration>> scenarios =
          Stream.<Callable<Duration>>of(
                  () -> weTakeOverFromSanlock("KILL"),
                  () -> weTakeOverFromSanlock("STOP"),
                  this::sanlockTakesOverFromUs)
              .map(executor::submit)
              .toList();
      for (Future<Duration> scenario : scenarios) {
        Duration silence = scenario.get();
        System.out.printf("taken over after %.1f s%n", silence.toMillis() / 1e3);
        assertThat(silence).isBetween(DEAD, LATEST);
      }
    }
  }

  private Duration weTakeOverFromSanlock(String signal) throws Exception {
    Path own = Files.createDirectory(directory.resolve(signal));
    Path storage = Storage.with(own, LOCKSPACE, "vm1");
    Path granted = own.resolve("granted");
    try (SanlockHost theirs = SanlockHost.start(own.resolve("run"), "sanlock-" + signal)) {
      theirs.join(LOCKSPACE, 1, storage);
      try (OurHost ours = OurHost.join(storage, LOCKSPACE, 2, "ours")) {
        Process holder =
            theirs.startHolding(
                resource(storage), "echo granted > " + granted + "; exec sleep 300");
        try {
          while (!Files.exists(granted)) {
            Thread.sleep(20);
          }
          LastChange change = new LastChange(storage, 1);
          theirs.signal(signal);
          ResourceLease lease = ours.lease("vm1", RESOURCE_OFFSET);
          while (true) {
            change.look();
            AcquireResult result = lease.acquire(LeaseMode.EXCLUSIVE, OptionalLong.empty());
            if (result instanceof AcquireResult.Acquired(var ignored, long version)) {
              assertThat(version).isEqualTo(2);
              Duration silence = change.age();
              var _ = lease.release();
              ours.check();
              return silence;
            }
            assertThat(result).isInstanceOf(AcquireResult.Held.class);
            Thread.sleep(50);
          }
        } finally {
          holder.destroyForcibly();
        }
      }
    }
  }

  private Duration sanlockTakesOverFromUs() throws Exception {
    Path own = Files.createDirectory(directory.resolve("ours"));
    Path storage = Storage.with(own, LOCKSPACE, "vm1");
    Path granted = own.resolve("granted");
    try (SanlockHost theirs = SanlockHost.start(own.resolve("run"), "sanlock")) {
      theirs.join(LOCKSPACE, 1, storage);
      try (OurHost ours = OurHost.join(storage, LOCKSPACE, 2, "ours")) {
        ResourceLease lease = ours.lease("vm1", RESOURCE_OFFSET);
        assertThat(lease.acquire(LeaseMode.EXCLUSIVE, OptionalLong.empty()))
            .isInstanceOf(AcquireResult.Acquired.class);
        LastChange change = new LastChange(storage, 2);
        ours.fallSilent();
        while (true) {
          change.look();
          Process attempt = theirs.startHolding(resource(storage), "echo yes > " + granted);
          while (attempt.isAlive()) {
            change.look();
            if (Files.exists(granted)) {
              return change.age();
            }
            Thread.sleep(20);
          }
          if (Files.exists(granted)) {
            return change.age();
          }
        }
      }
    }
  }

  private static String resource(Path storage) {
    return "%s:vm1:%s:%d".formatted(LOCKSPACE, storage, RESOURCE_OFFSET);
  }

  /** When a host's timestamp was last seen to change. */
  private static final class LastChange {
    private final Path storage;
    private final int hostId;
    private long timestamp;
    private long since = System.nanoTime();

    private LastChange(Path storage, int hostId) throws IOException {
      this.storage = storage;
      this.hostId = hostId;
      this.timestamp = read();
    }

    private long read() throws IOException {
      byte[] bytes = new byte[Long.BYTES];
      try (RandomAccessFile file = new RandomAccessFile(storage.toFile(), "r")) {
        file.seek((hostId - 1) * 512L + TIMESTAMP);
        file.readFully(bytes);
      }
      return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
    }

    private void look() throws IOException {
      long now = read();
      if (now != timestamp) {
        timestamp = now;
        since = System.nanoTime();
      }
    }

    private Duration age() {
      return Duration.ofNanos(System.nanoTime() - since);
    }
  }
}
