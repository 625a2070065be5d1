package dev.holdfast.keeper.sanlock.real;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.holdfast.keeper.FuseExport;
import dev.holdfast.keeper.sanlock.resource.AcquireResult;
import dev.holdfast.keeper.sanlock.resource.Holder;
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

  /** The last renewal was before it was seen here, by no more than from one look to the next. */
  private static final Duration SEEN_LATE = Duration.ofMillis(100);

  private static final String EXPORT = "storage";

  /** Where a host's record has its timestamp. */
  private static final int TIMESTAMP = 152;

  @TempDir private Path directory = Path.of("");

  @BeforeEach
  void findSanlock() {
    Sanlock.assumeInstalled();
    assumeTrue(FuseExport.missing().isEmpty(), () -> FuseExport.missing().orElseThrow());
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
                  this::sanlockTakesOverFromUs,
                  this::weTakeOverFromSanlockWithoutStorage,
                  this::sanlockTakesOverFromUsWithoutStorage)
              .map(executor::submit)
              .toList();
      for (Future<Duration> scenario : scenarios) {
        Duration silence = scenario.get();
        System.out.printf("taken over after %.1f s%n", silence.toMillis() / 1e3);
        assertThat(silence).isBetween(DEAD.minus(SEEN_LATE), LATEST);
      }
    }
  }

  /** What befalls a host. */
  private interface Fault {
    void befall() throws IOException;
  }

  private Duration weTakeOverFromSanlock(String signal) throws Exception {
    Path own = Files.createDirectory(directory.resolve(signal));
    Path storage = Storage.with(own, LOCKSPACE, "vm1");
    try (SanlockHost theirs = SanlockHost.start(own.resolve("run"), "sanlock-" + signal)) {
      return weTakeOver(theirs, storage, storage, () -> theirs.signal(signal));
    }
  }

  private Duration weTakeOverFromSanlockWithoutStorage() throws Exception {
    Path own = Files.createDirectory(directory.resolve("theirs-hangs"));
    Path storage = exported(own);
    // In this order: a process whose storage hangs ends when that has ended.
    try (SanlockHost theirs = SanlockHost.start(own.resolve("run"), "sanlock-hangs");
        FuseExport export = FuseExport.serve(own, EXPORT)) {
      return weTakeOver(theirs, export.file(), storage, export::hang);
    }
  }

  private static Path exported(Path own) throws IOException {
    return Files.move(Storage.with(own, LOCKSPACE, "vm1"), FuseExport.backing(own, EXPORT));
  }

  /**
   * How long after its last renewal a host loses its lease to us.
   *
   * @param seen the storage as sanlock's host sees it
   * @param storage the same as we see it
   */
  private static Duration weTakeOver(SanlockHost theirs, Path seen, Path storage, Fault fault)
      throws Exception {
    Path granted = storage.resolveSibling("granted");
    theirs.join(LOCKSPACE, 1, seen);
    try (OurHost ours = OurHost.join(storage, LOCKSPACE, 2, "ours")) {
      Process holder =
          theirs.startHolding(resource(seen), "echo granted > " + granted + "; exec sleep 300");
      try {
        await(granted);
        LastChange change = new LastChange(storage, 1);
        fault.befall();
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

  private static void await(Path file) throws InterruptedException {
    while (!Files.exists(file)) {
      Thread.sleep(20);
    }
  }

  private Duration sanlockTakesOverFromUs() throws Exception {
    Path own = Files.createDirectory(directory.resolve("ours"));
    Path storage = Storage.with(own, LOCKSPACE, "vm1");
    try (SanlockHost theirs = SanlockHost.start(own.resolve("run"), "sanlock")) {
      theirs.join(LOCKSPACE, 1, storage);
      try (OurHost ours = OurHost.join(storage, LOCKSPACE, 2, "ours")) {
        return sanlockTakesOver(theirs, ours, storage, ours::fallSilent, () -> {});
      }
    }
  }

  /** What hung is done after the takeover, and must change nothing. */
  private Duration sanlockTakesOverFromUsWithoutStorage() throws Exception {
    Path own = Files.createDirectory(directory.resolve("ours-hangs"));
    Path storage = Storage.with(own, LOCKSPACE, "vm1");
    try (SanlockHost theirs = SanlockHost.start(own.resolve("run"), "sanlock-onlooker")) {
      theirs.join(LOCKSPACE, 1, storage);
      try (OurHost ours = OurHost.join(storage, LOCKSPACE, 2, "ours")) {
        return sanlockTakesOver(
            theirs,
            ours,
            storage,
            ours::loseStorage,
            () -> {
              ours.findStorage();
              ours.fallSilent();
              assertThat(ours.lease("vm1", RESOURCE_OFFSET).holders().holders())
                  .singleElement()
                  .extracting(Holder::hostId)
                  .isEqualTo(1);
            });
      }
    }
  }

  private static Duration sanlockTakesOver(
      SanlockHost theirs, OurHost ours, Path storage, Fault fault, Fault afterwards)
      throws Exception {
    Path granted = storage.resolveSibling("granted");
    ResourceLease lease = ours.lease("vm1", RESOURCE_OFFSET);
    assertThat(lease.acquire(LeaseMode.EXCLUSIVE, OptionalLong.empty()))
        .isInstanceOf(AcquireResult.Acquired.class);
    LastChange change = new LastChange(storage, 2);
    fault.befall();
    while (true) {
      change.look();
      Process attempt =
          theirs.startHolding(resource(storage), "echo yes > " + granted + "; exec sleep 300");
      try {
        while (attempt.isAlive()) {
          change.look();
          if (Files.exists(granted)) {
            Duration silence = change.age();
            afterwards.befall();
            return silence;
          }
          Thread.sleep(20);
        }
      } finally {
        attempt.destroyForcibly();
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
