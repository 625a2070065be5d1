package dev.holdfast.keeper.sanlock.real;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.keeper.sanlock.resource.AcquireResult;
import dev.holdfast.keeper.sanlock.resource.LeaseMode;
import dev.holdfast.keeper.sanlock.resource.ReleaseResult;
import dev.holdfast.keeper.sanlock.resource.ResourceLease;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real sanlock daemons and our hosts ask for the same lease, all the time. */
class ContentionTest {
  private static final String LOCKSPACE = "LS1";
  private static final String RESOURCE = "vm1";
  private static final int RESOURCE_OFFSET = 1024 * 1024;
  private static final Duration LONGEST = Duration.ofMinutes(8);

  @TempDir private Path directory = Path.of("");

  private final Queue<String> overlaps = new ConcurrentLinkedQueue<>();
  private final AtomicInteger ours = new AtomicInteger();
  private final AtomicInteger theirs = new AtomicInteger();

  @BeforeEach
  void findSanlock() {
    Sanlock.assumeInstalled();
  }

  @Test
  void sanlockAndWeExcludeEachOther() throws Exception {
    contend(60);
  }

  @Test
  @Tag("heavy")
  void sanlockAndWeExcludeEachOtherHundredsOfTimes() throws Exception {
    contend(600);
  }

  private void contend(int grants) throws Exception {
    Path storage = Storage.with(directory, LOCKSPACE, RESOURCE);
    try (SanlockHost first = SanlockHost.start(directory.resolve("first"), "sanlock-1");
        SanlockHost second = SanlockHost.start(directory.resolve("second"), "sanlock-2");
        var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<?> joined = executor.submit(() -> first.join(LOCKSPACE, 1, storage));
      Future<?> joinedToo = executor.submit(() -> second.join(LOCKSPACE, 2, storage));
      try (OurHost third = OurHost.join(storage, LOCKSPACE, 3, "ours-3");
          OurHost fourth = OurHost.join(storage, LOCKSPACE, 4, "ours-4")) {
        joined.get();
        joinedToo.get();
        Instant end = Instant.now().plus(LONGEST);
        var _ = executor.submit(() -> useTheirs(first, storage, grants, end));
        var _ = executor.submit(() -> useTheirs(second, storage, grants, end));
        Future<?> one = executor.submit(() -> useOurs(third, grants, end));
        Future<?> two = executor.submit(() -> useOurs(fourth, grants, end));
        one.get();
        two.get();
        third.check();
        fourth.check();
      }
    }
    System.out.printf("%d grants to us, %d to sanlock%n", ours.get(), theirs.get());
    assertThat(overlaps).isEmpty();
    assertThat(ours.get() + theirs.get()).isGreaterThanOrEqualTo(grants);
    assertThat(ours.get()).as("grants to us").isGreaterThan(grants / 10);
    assertThat(theirs.get()).as("grants to sanlock").isGreaterThan(grants / 10);
  }

  private boolean isOver(int grants, Instant end) {
    return !overlaps.isEmpty()
        || Instant.now().isAfter(end)
        || (ours.get() + theirs.get() >= grants
            && Math.min(ours.get(), theirs.get()) > grants / 10);
  }

  /** The directory that only who has the lease may make. */
  private Path owner() {
    return directory.resolve("owner");
  }

  private @Nullable Void useOurs(OurHost host, int grants, Instant end) throws Exception {
    ResourceLease lease = host.lease(RESOURCE, RESOURCE_OFFSET);
    Random random = new Random(host.lockspace().settings().hostId());
    while (!isOver(grants, end)) {
      AcquireResult result = lease.acquire(LeaseMode.EXCLUSIVE, OptionalLong.empty());
      if (result instanceof AcquireResult.Acquired) {
        begin("ours");
        Thread.sleep(random.nextInt(20));
        Files.delete(owner());
        ours.incrementAndGet();
        assertThat(lease.release()).isInstanceOf(ReleaseResult.Released.class);
      }
      Thread.sleep(random.nextInt(150));
    }
    return null;
  }

  private void begin(String who) throws IOException {
    try {
      Files.createDirectory(owner());
    } catch (FileAlreadyExistsException overlap) {
      overlaps.add(who + " has the lease while another does");
    }
  }

  private @Nullable Void useTheirs(SanlockHost host, Path storage, int grants, Instant end)
      throws Exception {
    String resource = "%s:%s:%s:%d".formatted(LOCKSPACE, RESOURCE, storage, RESOURCE_OFFSET);
    Path granted = Files.createTempDirectory(directory, "granted").resolve("yes");
    String script =
        "if mkdir %1$s; then sleep 0.01; rmdir %1$s; echo granted > %2$s; else echo overlap > %2$s; fi"
            .formatted(owner(), granted);
    while (!isOver(grants, end)) {
      int status = host.startHolding(resource, script).waitFor();
      if (Files.exists(granted)) {
        if (Files.readString(granted).startsWith("overlap")) {
          overlaps.add("sanlock has the lease while another does");
        }
        theirs.incrementAndGet();
        Files.delete(granted);
      } else {
        assertThat(status).as("a refused command ends").isNotNegative();
      }
    }
    return null;
  }
}
