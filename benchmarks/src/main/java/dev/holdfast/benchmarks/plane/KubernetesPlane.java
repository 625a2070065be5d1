package dev.holdfast.benchmarks.plane;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * etcd and the API server of the folder kube-rig, with the arguments of its start.sh, save that
 * etcd syncs every write to the disk, as the standalone control plane does.
 */
final class KubernetesPlane implements Plane {
  private final Path directory;
  private final int port = Processes.freePort();
  private final int etcdPort = Processes.freePort();
  private final int peerPort = Processes.freePort();
  private final List<Process> processes = new ArrayList<>();

  /** Unpacks the programs and makes the certificates, by starting it once. */
  KubernetesPlane(Path folder, Path directory) throws IOException, InterruptedException {
    this.directory = directory;
    for (String script : List.of("start.sh", "stop.sh")) {
      ProcessBuilder builder =
          Processes.builder(directory.resolve("prepare.log"), folder.resolve(script).toString());
      builder.environment().put("KUBE_RIG_DIR", directory.toString());
      builder.environment().put("KUBE_RIG_PORT", Integer.toString(port));
      builder.environment().put("KUBE_RIG_ETCD_PORT", Integer.toString(etcdPort));
      int status = builder.start().waitFor();
      if (status != 0) {
        throw new IOException(script + " of " + folder + " failed, see the logs in " + directory);
      }
    }
    Processes.delete(data());
  }

  /** Where it is: given, or beside the checkout. */
  static Optional<Path> folder(Path home, Optional<Path> given) {
    Path folder = given.orElse(home.resolveSibling("shared").resolve("kube-rig"));
    return Optional.of(folder).filter(there -> Files.isExecutable(there.resolve("start.sh")));
  }

  @Override
  public String name() {
    return "kubernetes";
  }

  @Override
  public Path kubeconfig() {
    return directory.resolve("kubeconfig");
  }

  @Override
  public Path data() {
    return directory.resolve("etcd");
  }

  @Override
  public void launch() throws IOException, InterruptedException {
    String client = "http://127.0.0.1:" + etcdPort;
    String peer = "http://127.0.0.1:" + peerPort;
    Process etcd =
        Processes.start(
            directory.resolve("etcd.log"),
            directory.resolve("bin/etcd").toString(),
            "--name=rig",
            "--data-dir=" + data(),
            "--listen-client-urls=" + client,
            "--advertise-client-urls=" + client,
            "--listen-peer-urls=" + peer,
            "--initial-advertise-peer-urls=" + peer,
            "--initial-cluster=rig=" + peer);
    processes.add(etcd);
    awaitListening(etcd);
    processes.add(
        Processes.start(
            directory.resolve("server.log"),
            directory.resolve("bin/kube-rig-server").toString(),
            "--etcd=" + client,
            "--port=" + port,
            "--pki=" + directory.resolve("pki")));
  }

  private void awaitListening(Process etcd) throws IOException, InterruptedException {
    while (etcd.isAlive()) {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), etcdPort), 1000);
        return;
      } catch (IOException e) {
        Thread.sleep(2);
      }
    }
    throw new IOException("etcd has ended, see etcd.log in " + directory);
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
