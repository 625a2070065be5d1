package dev.holdfast.standalone.kubectl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.holdfast.standalone.StandaloneControlPlane;
import dev.holdfast.standalone.StandaloneOptions;
import dev.holdfast.standalone.security.Identity;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * kpt applies, waits and prunes with the libraries that Flux uses: client-go's dynamic informers
 * and the status watcher of cli-utils.
 */
@Tag("heavy")
class KptTest {
  private static final List<String> PACKAGE = List.of("a.yaml", "b.yaml", "cm.yaml");

  @TempDir Path directory = Path.of("");

  @Test
  void kptAppliesWaitsPrunesAndDestroys() throws Exception {
    Optional<Path> kpt = kpt();
    assumeTrue(kpt.isPresent(), "no kpt on the PATH");
    Scenario scenario = Scenario.all().getFirst();
    Path work = Files.createDirectories(directory.resolve("package"));
    Path data = directory.resolve("data");
    try (StandaloneControlPlane plane =
        StandaloneControlPlane.start(StandaloneOptions.in(data).withSync(false))) {
      Files.writeString(directory.resolve("kubeconfig"), plane.kubeconfig(new Identity.Admin()));
      Path kubectl = Kubectl.all().getFirst().program();
      Path definition = directory.resolve("gadgets.yaml");
      Files.writeString(definition, scenario.files().getOrDefault("gadgets.yaml", ""));
      run(kubectl, work, "apply", "-f", definition.toString());
      for (String file : PACKAGE) {
        Files.writeString(
            work.resolve(file),
            scenario
                .files()
                .getOrDefault(file, "")
                .replaceFirst("(?m)^  name: (\\w+)$", "  name: $1\n  namespace: default")
                .replace("{name: cm,", "{name: cm, namespace: default,"));
      }
      Files.writeString(
          work.resolve("Kptfile"),
          """
          apiVersion: kpt.dev/v1
          kind: Kptfile
          metadata: {name: p, annotations: {config.kubernetes.io/local-config: "true"}}
          """);

      run(kpt.get(), work, "live", "install-resource-group");
      run(kpt.get(), work, "live", "init", "--namespace", "default");
      assertThat(run(kpt.get(), work, "live", "apply", "--reconcile-timeout=60s"))
          .contains("3 attempted, 3 successful, 0 skipped, 0 failed, 0 timed out");
      Files.delete(work.resolve("b.yaml"));
      assertThat(run(kpt.get(), work, "live", "apply", "--server-side", "--reconcile-timeout=60s"))
          .contains("prune result: 1 attempted, 1 successful");
      assertThat(run(kpt.get(), work, "live", "destroy"))
          .contains("delete result: 2 attempted, 2 successful");
    }
  }

  private static Optional<Path> kpt() {
    String folders = System.getenv().getOrDefault("PATH", "");
    return Arrays.stream(folders.split(File.pathSeparator, -1))
        .map(folder -> Path.of(folder, "kpt"))
        .filter(Files::isExecutable)
        .findFirst();
  }

  private String run(Path program, Path work, String... arguments)
      throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder().directory(work.toFile()).redirectErrorStream(true);
    builder.command().add(program.toString());
    builder.command().addAll(List.of(arguments));
    builder.environment().put("KUBECONFIG", directory.resolve("kubeconfig").toString());
    builder.environment().put("HOME", directory.toString());
    Process process = builder.start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(120, TimeUnit.SECONDS)).as(output).isTrue();
    assertThat(process.exitValue()).as(output).isZero();
    return output;
  }
}
