package dev.holdfast.benchmarks.plane;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A control plane in processes of its own, which can be stopped and started again. */
interface Plane {
  /** As it is called in tables and JSON. */
  String name();

  /** Its kubeconfig; there from the first start on. */
  Path kubeconfig();

  /** Where its data are. */
  Path data();

  /** Starts its processes; they need not be ready when this returns. */
  void launch() throws IOException, InterruptedException;

  /** Its live processes. */
  List<Process> processes();

  /** Ends its processes in good order; the data stay. */
  void stop() throws InterruptedException;
}
