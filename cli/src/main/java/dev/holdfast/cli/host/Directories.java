package dev.holdfast.cli.host;

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

  Path operatorKubeconfig() {
    return controlPlane().resolve("operator.kubeconfig");
  }

  Path agentKubeconfig() {
    return controlPlane().resolve("agent.kubeconfig");
  }

  /** What may be found out again, such as what QEMU can do. */
  public Path cache() {
    return data.resolve("cache");
  }

  public Path logs() {
    return data.resolve("log");
  }

  /** What a running {@code up} does; old parts get a number. */
  public Path upLog() {
    return logs().resolve("up.log");
  }

  /** One JSON object for each thing that was done to the host. */
  public Path auditLog() {
    return logs().resolve("audit.jsonl");
  }

  /** What an {@code up} in the background prints, such as why it could not start. */
  public Path upOutput() {
    return logs().resolve("up.out");
  }

  /** Runtime directories of the machines, by UUID. */
  public Path machines() {
    return run.resolve("machines");
  }

  /** Runtime files of the networks. */
  public Path networks() {
    return run.resolve("networks");
  }

  public Path keeperSocket() {
    return run.resolve("keeper.sock");
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
