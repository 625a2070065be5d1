package dev.holdfast.benchmarks;

import dev.holdfast.benchmarks.plane.Samples;
import dev.holdfast.crds.machine.VirtualMachineInstance;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a lease adds to the agent's part of a start, from the instance to the reply of {@code cont}:
 * the same machine with a disk in pools that differ in their leases alone, in turn.
 */
public final class LeasedStartBenchmark {
  private static final int RUNS = 40;
  private static final int WARM_UP = 5;

  private LeasedStartBenchmark() {}

  /** Some two minutes, as root. */
  public static void run() throws Exception {
    try (Laboratory laboratory = Laboratory.start();
        Machines machines = new Machines(laboratory.client())) {
      Map<String, String> kinds = new LinkedHashMap<>();
      kinds.put("none", "{backend: none}");
      kinds.put("ofd", "{backend: ofd}");
      kinds.put("sanlock", "{backend: sanlock, ioTimeoutSeconds: 1}");
      Map<String, List<Double>> starts = new LinkedHashMap<>();
      for (Map.Entry<String, String> kind : kinds.entrySet()) {
        String name = kind.getKey();
        laboratory.makePool(name, laboratory.pool().resolve(name), kind.getValue());
        laboratory.makeDisk(name, name);
        starts.put(name, new ArrayList<>());
      }
      for (int run = -WARM_UP; run < RUNS; run++) {
        for (Map.Entry<String, List<Double>> start : starts.entrySet()) {
          double millis = start(laboratory, machines, start.getKey());
          if (run >= 0) {
            start.getValue().add(millis);
          }
        }
      }
      print(starts);
      laboratory.done();
    }
  }

  private static double start(Laboratory laboratory, Machines machines, String disk)
      throws Exception {
    machines.apply("leased", false, disk, null);
    long seen = machines.runningAt("leased");
    VirtualMachineInstance instance = machines.instance("leased");
    long bound = machines.boundAt("leased");
    assert seen >= bound;
    double millis = (laboratory.resumedAt(instance.getSpec().uuid()) - bound) / 1e6;
    machines.delete("leased");
    return millis;
  }

  private static void print(Map<String, List<Double>> starts) {
    System.out.printf(
        "%n%-56s %9s %9s%n", "instance seen -> reply of cont, ms", "median", "over none");
    double none = Samples.median(starts.getOrDefault("none", List.of()));
    starts.forEach(
        (backend, millis) ->
            System.out.printf(
                "%-56s %9.1f %9.1f%n",
                "a disk with leases of " + backend,
                Samples.median(millis),
                Samples.median(millis) - none));
  }
}
