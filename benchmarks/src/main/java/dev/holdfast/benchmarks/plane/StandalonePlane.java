package dev.holdfast.benchmarks.plane;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** {@code holdfast standalone}, as the script starts it. */
final class StandalonePlane implements Plane {
  private final Path script;
  private final Path directory;
  private final int port;
  private final List<Process> processes = new ArrayList<>();

  StandalonePlane(Path home, Path directory) throws IOException {
    this.script = home.resolve("holdfast");
    this.directory = directory;
    this.port = Processes.freePort();
  }

  @Override
  public String name() {
    return "holdfast";
  }

  @Override
  public Path kubeconfig() {
    return data().resolve("kubeconfig");
  }

  @Override
  public Path data() {
    return directory.resolve("data");
  }

  @Override
  public void launch() throws IOException {
    processes.add(
        Processes.start(
            directory.resolve("holdfast.log"),
            script.toString(),
            "standalone",
            "--data-dir",
            data().toString(),
            "--port",
            Integer.toString(port)));
  }

  @Override
  public List<Process> processes() {
    return processes;
  }

  @Override
  public void stop() throws InterruptedException {
    Processes.stop(processes);
  }
}
