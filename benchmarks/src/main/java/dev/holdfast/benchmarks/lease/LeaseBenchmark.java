package dev.holdfast.benchmarks.lease;

import dev.holdfast.benchmarks.LeasedStartBenchmark;
import dev.holdfast.benchmarks.plane.Samples;
import dev.holdfast.keeper.linux.DirectFile;
import dev.holdfast.keeper.sanlock.format.Geometry;
import dev.holdfast.keeper.sanlock.format.LockspaceLayout;
import dev.holdfast.keeper.sanlock.format.ResourceLayout;
import dev.holdfast.keeper.sanlock.lockspace.Continuation;
import dev.holdfast.keeper.sanlock.lockspace.JoinResult;
import dev.holdfast.keeper.sanlock.lockspace.LeaseTimes;
import dev.holdfast.keeper.sanlock.lockspace.Lockspace;
import dev.holdfast.keeper.sanlock.lockspace.LockspaceSettings;
import dev.holdfast.keeper.sanlock.lockspace.RenewalResult;
import dev.holdfast.keeper.sanlock.resource.AcquireResult;
import dev.holdfast.keeper.sanlock.resource.LeaseMode;
import dev.holdfast.keeper.sanlock.resource.ReleaseResult;
import dev.holdfast.keeper.sanlock.resource.ResourceLease;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * What leases cost, beside sanlock's daemon on the same storage in the same run. Of a call of
 * sanlock's client one part is to start it and to speak with the daemon; that part has a row of its
 * own.
 */
@Command(
    name = "leases",
    mixinStandardHelpOptions = true,
    description =
        "Acquiring and releasing leases, joining and rejoining a lockspace, and what renewals read"
            + " and write, beside sanlock's own daemon where it is installed; and what a lease adds"
            + " to the start of a machine. As root, some four minutes.")
public final class LeaseBenchmark implements Callable<Integer> {
  private static final String LOCKSPACE = "bench";
  private static final int RUNS = 200;
  private static final int AREA = Geometry.DEFAULT.areaBytes();
  private static final LeaseTimes TIMES =
      new LeaseTimes(Duration.ofSeconds(1), LeaseTimes.WATCHDOG_FIRE);
  private static final Duration RENEWING = Duration.ofSeconds(32);

  @Option(
      names = "--directory",
      paramLabel = "DIRECTORY",
      description = "Where the storage is made: a file system that knows O_DIRECT.")
  private Path parent = Path.of("/var/tmp");

  @Override
  public Integer call() throws Exception {
    Path directory = Files.createTempDirectory(parent, "holdfast-leases");
    try {
      Path storage = directory.resolve("storage");
      byte[] bytes = Arrays.copyOf(LockspaceLayout.blank(Geometry.DEFAULT, LOCKSPACE, 1), 4 * AREA);
      for (int number = 1; number <= 3; number++) {
        byte[] resource = ResourceLayout.blank(Geometry.DEFAULT, LOCKSPACE, "disk" + number);
        System.arraycopy(resource, 0, bytes, number * AREA, AREA);
      }
      Files.write(storage, bytes);
      try (SanlockDaemon sanlock = SanlockDaemon.start(directory.resolve("run"))) {
        measure(storage, sanlock);
      }
    } finally {
      SanlockDaemon.delete(directory);
    }
    LeasedStartBenchmark.run();
    return 0;
  }

  private static void measure(Path storage, SanlockDaemon sanlock) throws Exception {
    CountingDisk disk = new CountingDisk(DirectFile.open(storage));
    System.out.printf("%n%-56s %9s %9s%n", "join, ms (T = 1 s: the rules ask for 2 s)", "", "");
    double theirJoin = millis(() -> sanlock.join(LOCKSPACE, 2, storage));
    Lockspace lockspace = lockspace(disk);
    double ourJoin = millis(() -> join(lockspace));
    row("sanlock: a free host id", theirJoin);
    row("Holdfast: a free host id", ourJoin);
    renew(lockspace);
    lockspace.release();
    Lockspace again = lockspace(disk);
    double rejoin =
        millis(
            () -> {
              join(again);
              renew(again);
            });
    row("Holdfast: again after a clean stop, to the first renewal", rejoin);
    Continuation left = again.continuation().orElseThrow();
    Lockspace successor = lockspace(disk);
    double handedOver =
        millis(
            () -> {
              if (!successor.resume(left)) {
                throw new IOException("the host id was not handed over");
              }
              renew(successor);
            });
    row("Holdfast: a process after another, to the first renewal", handedOver);

    leases(storage, sanlock, disk, successor);
    renewals(sanlock, disk, successor);
    successor.release();
  }

  private static Lockspace lockspace(CountingDisk disk) {
    return new Lockspace(
        disk,
        CountingDisk.TICKS,
        new LockspaceSettings(LOCKSPACE, 0, Geometry.DEFAULT, 1, "benchmark", TIMES));
  }

  private static void join(Lockspace lockspace) throws Exception {
    if (!(lockspace.join(_ -> {}) instanceof JoinResult.Joined)) {
      throw new IOException("the host id is taken");
    }
  }

  private static void renew(Lockspace lockspace) throws IOException {
    if (lockspace.renew() instanceof RenewalResult.Lost(String reason)) {
      throw new IOException(reason);
    }
  }

  private static void leases(
      Path storage, SanlockDaemon sanlock, CountingDisk disk, Lockspace lockspace)
      throws Exception {
    ResourceLease lease =
        new ResourceLease(disk, CountingDisk.TICKS, lockspace, "disk1", AREA, new Random(1));
    List<Double> ourAcquire = new ArrayList<>();
    List<Double> ourRelease = new ArrayList<>();
    List<Double> theirAcquire = new ArrayList<>();
    List<Double> theirRelease = new ArrayList<>();
    List<Double> client = new ArrayList<>();
    String resource = "%s:disk2:%s:%d".formatted(LOCKSPACE, storage, 2 * AREA);
    try (SanlockDaemon.Holder holder = sanlock.startHolder()) {
      for (int run = -20; run < RUNS; run++) {
        renew(lockspace);
        double acquire =
            millis(
                () -> {
                  AcquireResult result = lease.acquire(LeaseMode.EXCLUSIVE, OptionalLong.empty());
                  if (!(result instanceof AcquireResult.Acquired)) {
                    throw new IOException("not acquired: " + result);
                  }
                });
        double release =
            millis(
                () -> {
                  if (!(lease.release() instanceof ReleaseResult.Released)) {
                    throw new IOException("not released");
                  }
                });
        double idle = millis(() -> sanlock.client("inquire", "-p", holder.pid()));
        double acquireTheirs =
            millis(() -> sanlock.client("acquire", "-r", resource, "-p", holder.pid()));
        double releaseTheirs =
            millis(() -> sanlock.client("release", "-r", resource, "-p", holder.pid()));
        if (run >= 0) {
          ourAcquire.add(acquire);
          ourRelease.add(release);
          client.add(idle);
          theirAcquire.add(acquireTheirs);
          theirRelease.add(releaseTheirs);
        }
      }
    }
    System.out.printf("%n%-56s %9s %9s%n", "a lease that nobody else wants, ms", "p50", "p99");
    row("Holdfast: acquire", ourAcquire);
    row("Holdfast: release", ourRelease);
    row("sanlock client acquire", theirAcquire);
    row("sanlock client release", theirRelease);
    row("sanlock client inquire, which touches no storage", client);
    System.out.printf(
        "acquire: %.2f x sanlock; %.2f x without what inquire takes%n",
        Samples.median(ourAcquire) / Samples.median(theirAcquire),
        Samples.median(ourAcquire) / (Samples.median(theirAcquire) - Samples.median(client)));
  }

  private static void renewals(SanlockDaemon sanlock, CountingDisk disk, Lockspace lockspace)
      throws Exception {
    long ours = disk.bytes();
    long theirs = sanlock.storageBytes();
    int renewals = (int) RENEWING.dividedBy(TIMES.renewal());
    for (int renewal = 0; renewal < renewals; renewal++) {
      renew(lockspace);
      Thread.sleep(TIMES.renewal());
    }
    double seconds = RENEWING.toSeconds();
    System.out.printf("%n%-56s %9s%n", "renewals of a host, bytes/s (T = 1 s)", "");
    System.out.printf("%-56s %9.0f%n", "Holdfast", (disk.bytes() - ours) / seconds);
    System.out.printf("%-56s %9.0f%n", "sanlock", (sanlock.storageBytes() - theirs) / seconds);
  }

  /** What is measured. */
  @FunctionalInterface
  private interface Measured {
    void run() throws Exception;
  }

  private static double millis(Measured what) throws Exception {
    long start = System.nanoTime();
    what.run();
    return (System.nanoTime() - start) / 1e6;
  }

  private static void row(String name, double millis) {
    System.out.printf("%-56s %9.1f%n", name, millis);
  }

  private static void row(String name, List<Double> millis) {
    System.out.printf(
        "%-56s %9.2f %9.2f%n", name, Samples.quantile(millis, 0.5), Samples.quantile(millis, 0.99));
  }
}
