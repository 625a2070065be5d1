package dev.holdfast.cli;

import java.nio.file.Path;

/**
 * Where Holdfast keeps things on a host.
 *
 * @param data outlives restarts: the control plane's objects and certificates, logs
 * @param run lives as long as the machine is up: sockets, process ids
 */
public record Directories(Path data, Path run) {
  public Directories {
    data = data.toAbsolutePath().normalize();
    run = run.toAbsolutePath().normalize();
  }

  /** The control plane's own directory; only root may enter it. */
  public Path controlPlane() {
    return data.resolve("control-plane");
  }

  /** The administrator's kubeconfig. */
  public Path kubeconfig() {
    return controlPlane().resolve("kubeconfig");
  }

  public Path logs() {
    return data.resolve("log");
  }

  /** All that a running {@code up} says. */
  public Path upLog() {
    return logs().resolve("up.log");
  }

  /** The process that starts {@code up} again when it is killed. */
  public Path supervisorPid() {
    return run.resolve("supervisor.pid");
  }

  /** The {@code up} process. */
  public Path upPid() {
    return run.resolve("up.pid");
  }

  /** Is there while control plane, operator and node agent of {@code up} have started. */
  public Path readyFile() {
    return run.resolve("ready");
  }
}
