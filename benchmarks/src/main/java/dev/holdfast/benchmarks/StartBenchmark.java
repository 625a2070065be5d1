package dev.holdfast.benchmarks;

import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.keeper.client.KeeperClient;
import dev.holdfast.node.host.keeper.KeeperLink;
import dev.holdfast.node.host.qemu.QemuHostOptions;
import dev.holdfast.node.host.qemu.QemuMachineHost;
import dev.holdfast.node.plan.HostState.Guest;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Scanner;

/**
 * From {@code apply} to a running QEMU, for one machine and for many; what the agent takes with 0,
 * 50 and 200 machines; how long it takes to find them again. Everything is measured beside the same
 * QEMU started by hand, in the same run.
 *
 * <p>The agent's own part of a start is from the instance to the reply of {@code cont}, which is
 * where the floor ends too; that its status then says so takes longer and has a row of its own.
 *
 * <p>Run as root: {@code ./holdfast benchmark}. Takes some minutes.
 */
final class StartBenchmark {
  private static final int SINGLE_RUNS = 15;
  private static final int MANY = 50;
  private static final int MOST = 200;

  private StartBenchmark() {}

  static void run() throws Exception {
    try (Laboratory laboratory = Laboratory.start();
        Machines machines = new Machines(laboratory.client())) {
      laboratory.makePool("bench", laboratory.pool(), "{}");
      laboratory.makeDisk("data", "bench");
      footprint(laboratory, 0);
      single(laboratory, machines);
      many(laboratory, machines);
      laboratory.done();
    }
  }

  /**
   * One machine with a disk, again and again, each time followed by the floor with the same
   * arguments.
   */
  private static void single(Laboratory laboratory, Machines machines) throws Exception {
    List<Double> total = new ArrayList<>();
    List<Double> reported = new ArrayList<>();
    List<Double> resumed = new ArrayList<>();
    List<Double> floor = new ArrayList<>();
    for (int run = -3; run < SINGLE_RUNS; run++) {
      String name = "one";
      long start = System.nanoTime();
      machines.apply(name, false, "data", null);
      long end = machines.runningAt(name);
      VirtualMachineInstance instance = machines.instance(name);
      long process = Objects.requireNonNull(instance.getStatus().processId());
      List<String> command = Floor.commandOf(process);
      int uid = instance.getSpec().uid();
      long cont = laboratory.resumedAt(instance.getSpec().uuid());
      Path image = Path.of(instance.getSpec().disksOrEmpty().getFirst().path());
      long bound = machines.boundAt(name);
      machines.delete(name);
      Files.setAttribute(image, "unix:uid", uid, LinkOption.NOFOLLOW_LINKS);
      double byHand = Floor.startMillis(command, directoryIn(command), uid);
      Files.setAttribute(image, "unix:uid", 0, LinkOption.NOFOLLOW_LINKS);
      if (run >= 0) {
        total.add((end - start) / 1e6);
        resumed.add((cont - bound) / 1e6);
        reported.add((end - bound) / 1e6);
        floor.add(byHand);
      }
    }
    System.out.printf(
        "%n%-52s %8s %8s %8s%n", "one machine with a disk, ms", "min", "median", "max");
    row("floor: the same QEMU by hand, to the reply of cont", floor);
    row("instance seen -> the agent has the reply of cont", resumed);
    row("instance seen -> status Running seen", reported);
    row("apply -> status Running seen", total);
    System.out.printf(
        "agent's part over the floor: %.1f ms; apply -> running: %.2f x floor%n",
        median(resumed) - median(floor), median(total) / median(floor));
  }

  /** The private directory that QEMU's arguments name, from its monitor's socket. */
  private static Path directoryIn(List<String> command) {
    String monitor =
        command.stream().filter(a -> a.contains("/qmp.sock")).findFirst().orElseThrow();
    String path = monitor.substring(monitor.indexOf("path=") + 5, monitor.indexOf("/qmp.sock"));
    return Path.of(path);
  }

  private static void many(Laboratory laboratory, Machines machines) throws Exception {
    double[] floors = new double[5];
    machines.apply("pattern", true, null, null);
    long seen = machines.runningAt("pattern");
    assert seen > 0;
    VirtualMachineInstance pattern = machines.instance("pattern");
    List<String> command = Floor.commandOf(Objects.requireNonNull(pattern.getStatus().processId()));
    for (int i = 0; i < floors.length; i++) {
      floors[i] = Floor.startMillis(command, directoryIn(command), pattern.getSpec().uid());
    }
    machines.delete("pattern");
    Arrays.sort(floors);
    double floor = floors[floors.length / 2];
    double elapsed = startUpTo(machines, 0, MANY);
    System.out.printf(
        "%n%d machines stopped in firmware: %.0f ms in all, %.1f ms each; floor of one by hand %.1f"
            + " ms; %.2f x floor%n",
        MANY, elapsed, elapsed / MANY, floor, elapsed / MANY / floor);
    footprint(laboratory, MANY);
    readoption(laboratory);
    double rest = startUpTo(machines, MANY, MOST);
    System.out.printf(
        "%d more: %.0f ms in all, %.1f ms each%n", MOST - MANY, rest, rest / (MOST - MANY));
    footprint(laboratory, MOST);
    for (int i = 0; i < MOST; i++) {
      machines.delete("many-" + i);
    }
  }

  private static double startUpTo(Machines machines, int from, int to) throws Exception {
    long start = System.nanoTime();
    for (int i = from; i < to; i++) {
      machines.apply("many-" + i, true, null, null);
    }
    long end = start;
    for (int i = from; i < to; i++) {
      end = Math.max(end, machines.runningAt("many-" + i));
    }
    return (end - start) / 1e6;
  }

  /** A second reader could not connect to the monitors, so the agent is away meanwhile. */
  private static void readoption(Laboratory laboratory) throws Exception {
    laboratory.stopAgent();
    List<Double> times = new ArrayList<>();
    for (int run = 0; run < 5; run++) {
      long start = System.nanoTime();
      try (KeeperLink keeper =
              KeeperLink.connect(
                  listener ->
                      KeeperClient.connect(laboratory.run().resolve("keeper.sock"), listener));
          QemuMachineHost host =
              QemuMachineHost.open(
                  QemuHostOptions.defaults()
                      .withRuntimeDirectory(laboratory.run().resolve("machines")),
                  keeper,
                  InstantSource.system())) {
        Laboratory.await(
            "all machines are known again",
            () ->
                host.machines().values().stream()
                        .filter(machine -> machine.guest() != Guest.UNKNOWN)
                        .count()
                    == MANY);
        times.add((System.nanoTime() - start) / 1e6);
      }
    }
    System.out.printf(
        "%n%-52s %8s %8s %8s%n", MANY + " machines found again, ms", "min", "median", "max");
    row("keeper's list and every monitor asked", times);
    laboratory.startAgent();
  }

  private static void footprint(Laboratory laboratory, int machines) throws Exception {
    Thread.sleep(5_000);
    long process = laboratory.agentProcess();
    long before = cpuTicks(process);
    Thread.sleep(20_000);
    long ticks = cpuTicks(process) - before;
    System.out.printf(
        "%nagent with %3d machines, idle: %.0f MB resident, %.2f %% of one CPU%n",
        machines, residentKilobytes(process) / 1024.0, ticks / 20.0);
  }

  private static long residentKilobytes(long process) throws Exception {
    return Files.readAllLines(Path.of("/proc", Long.toString(process), "status")).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
        .findFirst()
        .orElseThrow();
  }

  /** User and system time in hundredths of a second, fields 14 and 15 of proc(5)'s stat. */
  private static long cpuTicks(long process) throws Exception {
    String stat = Files.readString(Path.of("/proc", Long.toString(process), "stat"));
    try (Scanner fields = new Scanner(stat.substring(stat.lastIndexOf(')') + 2))) {
      for (int field = 3; field < 14; field++) {
        fields.next();
      }
      return fields.nextLong() + fields.nextLong();
    }
  }

  private static void row(String name, List<Double> millis) {
    List<Double> sorted = millis.stream().sorted().toList();
    System.out.printf(
        "%-52s %8.1f %8.1f %8.1f%n", name, sorted.getFirst(), median(millis), sorted.getLast());
  }

  private static double median(List<Double> values) {
    List<Double> sorted = values.stream().sorted().toList();
    return sorted.get(sorted.size() / 2);
  }
}
