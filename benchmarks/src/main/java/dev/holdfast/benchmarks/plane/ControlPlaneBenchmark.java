package dev.holdfast.benchmarks.plane;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code ./holdfast benchmark control-plane}. */
@Command(
    name = "control-plane",
    mixinStandardHelpOptions = true,
    description = {
      "Loads the standalone control plane, and a real API server with etcd beside it, with the same"
          + " requests: starts, creates, gets, applies, patches, lists, watches, memory. They take"
          + " turns in each round, each alone on the machine; both sync every write to the disk.",
      "Prints the medians of all rounds, and how many times as good the first is as the second"
          + " (more than 1 is better). CPU ms is user and system time of the servers, per request"
          + " or start: it says more than the clock where others use the machine too.",
      "The real API server is the folder kube-rig; without it, the first is measured alone."
    })
public final class ControlPlaneBenchmark implements Callable<Integer> {
  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "3",
      description = "How often to measure each (default: ${DEFAULT-VALUE}).")
  private int rounds;

  @Option(
      names = "--objects",
      paramLabel = "N",
      defaultValue = "10000",
      description = "VirtualMachines to create, more than 1,000 (default: ${DEFAULT-VALUE}).")
  private int objects;

  @Option(
      names = "--seconds",
      paramLabel = "N",
      defaultValue = "3",
      description = "How long to send each kind of request (default: ${DEFAULT-VALUE}).")
  private int seconds;

  @Option(
      names = "--kube-rig",
      paramLabel = "DIR",
      description = "The folder kube-rig (default: ../shared/kube-rig beside the checkout).")
  private @Nullable Path rig;

  @Option(
      names = "--directory",
      paramLabel = "DIR",
      defaultValue = "/var/tmp",
      description =
          "Where a directory for all data is made, on a disk (default: ${DEFAULT-VALUE}).")
  private Path parent = Path.of("");

  @Option(names = "--json", paramLabel = "FILE", description = "Also writes all values there.")
  private @Nullable Path json;

  @Override
  public Integer call() throws Exception {
    Path home = Path.of(System.getProperty("holdfast.home", "")).toAbsolutePath();
    Path directory = Files.createTempDirectory(parent, "holdfast-benchmark");
    List<Plane> planes = new ArrayList<>();
    planes.add(new StandalonePlane(home, made(directory, "holdfast")));
    Optional<Path> folder = KubernetesPlane.folder(home, Optional.ofNullable(rig));
    if (folder.isPresent()) {
      planes.add(new KubernetesPlane(folder.get(), made(directory, "kubernetes")));
    } else {
      System.out.println("There is no kube-rig: the standalone control plane is measured alone.");
    }
    for (Plane plane : planes) {
      prepare(plane);
    }
    Figures figures = new Figures(planes.stream().map(Plane::name).toList());
    for (int round = 1; round <= rounds; round++) {
      for (Plane plane : round % 2 == 1 ? planes : planes.reversed()) {
        System.out.printf("round %d of %d: %s%n", round, rounds, plane.name());
        try {
          new Round(plane, figures, objects, Duration.ofSeconds(seconds)).run();
        } catch (Exception e) {
          System.err.println("logs and data are left in " + directory);
          throw e;
        } finally {
          plane.stop();
        }
      }
    }
    figures.print(System.out);
    if (json != null) {
      figures.write(json, run());
    }
    Processes.delete(directory);
    return 0;
  }

  /** So that the first round does not unpack, parse and archive what later ones find. */
  private static void prepare(Plane plane) throws Exception {
    try {
      new Round(plane, new Figures(List.of()), 0, Duration.ZERO).start("start, unmeasured").close();
    } finally {
      plane.stop();
    }
  }

  private static Path made(Path parent, String name) throws Exception {
    return Files.createDirectory(parent.resolve(name));
  }

  private ObjectNode run() {
    return new ObjectMapper()
        .createObjectNode()
        .put("time", Instant.now().toString())
        .put("processors", Runtime.getRuntime().availableProcessors())
        .put("java", Runtime.version().toString())
        .put("rounds", rounds)
        .put("objects", objects)
        .put("seconds", seconds);
  }
}
