package dev.holdfast.cli;

import dev.holdfast.cli.move.Move;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
    name = "move",
    description = {
      "Carries all machines, disks, networks, pools and nodes from one control plane to another,"
          + " with status, owners and identity. Machines run on; agent and operator must be stopped"
          + " on both sides meanwhile, and are started on the new one afterwards.",
      "The kinds of Holdfast must be installed on the new one. What is there already and the same"
          + " is left as it is, so that it can be run again after a failure.",
      "docs/standalone.md has the whole procedure."
    })
final class MoveCommand implements Callable<Integer> {
  /** Agents renew their Lease every 10 s, operators theirs in less than a second. */
  private static final Duration WATCHING = Duration.ofSeconds(15);

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--from",
      required = true,
      paramLabel = "KUBECONFIG",
      description = "Administrator's kubeconfig of the control plane that is left.")
  private Path from = Path.of("");

  @Option(
      names = "--to",
      required = true,
      paramLabel = "KUBECONFIG",
      description = "Administrator's kubeconfig of the one that takes over.")
  private Path to = Path.of("");

  @Override
  public Integer call() throws IOException, InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    try (KubernetesClient source = client(from);
        KubernetesClient target = client(to)) {
      new Move(source, target, WATCHING, out::println).run();
    }
    out.println(
        "Now start operator and agent with the new control plane, and never again with the old.");
    out.flush();
    return 0;
  }

  private static KubernetesClient client(Path kubeconfig) throws IOException {
    if (!kubeconfig.toFile().canRead()) {
      throw new IOException(kubeconfig + " can't be read");
    }
    return new KubernetesClientBuilder()
        .withConfig(Config.fromKubeconfig(kubeconfig.toFile()))
        .build();
  }
}
