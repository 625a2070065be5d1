package dev.holdfast.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** What users do, through the real kubectl. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class KubectlTest {
  private static final String MACHINE =
      """
      apiVersion: example.dev/v1
      kind: Machine
      metadata: {name: %s}
      spec: {cpu: %d}
      """;

  private Path directory;
  private TestPlane plane;

  private record Result(int code, String output) {}

  @BeforeAll
  void start(@TempDir Path temporary) throws IOException {
    assumeTrue(
        Arrays.stream(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1))
            .anyMatch(path -> Files.isExecutable(Path.of(path, "kubectl"))),
        "kubectl is not on the PATH");
    directory = temporary;
    plane = new TestPlane(temporary.resolve("data")).withMachines();
  }

  @AfterAll
  void stop() throws IOException {
    if (plane != null) {
      plane.close();
    }
  }

  private Result kubectl(String... arguments) throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                "kubectl",
                "--kubeconfig",
                directory.resolve("data/kubeconfig").toString(),
                "--cache-dir",
                directory.resolve("cache").toString()));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return new Result(process.exitValue(), output);
  }

  private String manifest(String name, int cpu) throws IOException {
    Path file = directory.resolve(name + ".yaml");
    Files.writeString(file, MACHINE.formatted(name, cpu));
    return file.toString();
  }

  @Test
  void appliesAndThenHasNoDifference() throws IOException, InterruptedException {
    String file = manifest("applied", 2);

    assertThat(kubectl("apply", "-f", file).output())
        .endsWith("machine.example.dev/applied created\n");
    assertThat(kubectl("diff", "-f", file)).isEqualTo(new Result(0, ""));
    assertThat(kubectl("apply", "-f", file).output()).contains("unchanged");
    assertThat(kubectl("diff", "-f", manifest("applied", 3)).code()).isEqualTo(1);
    assertThat(kubectl("apply", "--server-side", "-f", file).output())
        .contains("serverside-applied");
  }

  @Test
  void showsColumnsAndWaitsForConditions() throws IOException, InterruptedException {
    kubectl("apply", "-f", manifest("shown", 4));
    kubectl(
        "patch",
        "machine",
        "shown",
        "--subresource=status",
        "--type=merge",
        "-p",
        "{\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}}");

    assertThat(kubectl("wait", "machine/shown", "--for=condition=Ready", "--timeout=20s").code())
        .isZero();
    assertThat(kubectl("get", "mc", "shown").output().lines().map(line -> line.split(" +")))
        .containsExactly(
            new String[] {"NAME", "CPU", "READY"}, new String[] {"shown", "4", "True"});
  }

  @Test
  void explainsAndDescribes() throws IOException, InterruptedException {
    kubectl("apply", "-f", manifest("described", 1));

    assertThat(kubectl("explain", "machine.spec").output()).contains("What the machine should be.");
    assertThat(kubectl("describe", "machine", "described").output())
        .contains("Kind:         Machine");
  }

  @Test
  void refusesAnUnknownFieldByName() throws IOException, InterruptedException {
    Path file = directory.resolve("unknown.yaml");
    Files.writeString(file, MACHINE.formatted("unknown", 1).replace("cpu: 1", "cpus: 1"));

    Result result = kubectl("apply", "-f", file.toString());
    assertThat(result.code()).isEqualTo(1);
    assertThat(result.output()).contains("unknown field \"spec.cpus\"");
  }

  @Test
  void createsCoreKindsInProtobufAndDeletesThemWithTheirNamespace()
      throws IOException, InterruptedException {
    assertThat(kubectl("create", "namespace", "team").code()).isZero();
    assertThat(kubectl("-n", "team", "create", "configmap", "c", "--from-literal=a=b").code())
        .isZero();
    assertThat(
            kubectl("-n", "team", "create", "secret", "generic", "s", "--from-literal=a=b").code())
        .isZero();
    assertThat(kubectl("-n", "team", "get", "secret", "s", "-o", "jsonpath={.data.a}").output())
        .isEqualTo("Yg==");
    assertThat(kubectl("auth", "can-i", "create", "machines").output()).contains("yes");
    assertThat(kubectl("delete", "namespace", "team", "--timeout=30s").code()).isZero();
    assertThat(kubectl("get", "namespace", "team").output()).contains("not found");
  }
}
