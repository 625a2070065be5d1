package dev.holdfast.standalone.kubectl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Scenarios with one kubectl on one server.
 *
 * @param kubectl the program
 * @param kubeconfig of the server, which has been empty before
 * @param folder a folder for this run alone
 */
record KubectlRun(Path kubectl, Path kubeconfig, Path folder) {
  private static final int PATIENCE_SECONDS = 120;

  /** The answers by scenario and line. */
  Map<String, Answer> run(List<Scenario> scenarios) throws IOException, InterruptedException {
    Path programs = Files.createDirectories(folder.resolve("bin"));
    Files.createSymbolicLink(programs.resolve("kubectl"), kubectl);
    prepare(Scenario.all());
    Map<String, Answer> answers = new LinkedHashMap<>();
    for (Scenario scenario : scenarios) {
      if (scenario.alone()) {
        answers.putAll(run(scenario));
      }
    }
    int threads = 2 * Runtime.getRuntime().availableProcessors();
    try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
      List<Future<Map<String, Answer>>> results = new ArrayList<>();
      for (Scenario scenario : scenarios) {
        if (!scenario.alone()) {
          results.add(executor.submit(() -> run(scenario)));
        }
      }
      for (Future<Map<String, Answer>> result : results) {
        answers.putAll(result.get());
      }
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
    return answers;
  }

  // Namespaces are there before anybody looks, so that all see the same ones.
  private void prepare(List<Scenario> all) throws IOException, InterruptedException {
    StringBuilder namespaces = new StringBuilder();
    all.forEach(
        scenario ->
            namespaces
                .append("---\n{apiVersion: v1, kind: Namespace, metadata: {name: ")
                .append(scenario.name())
                .append("}}\n"));
    Map<String, String> files = new LinkedHashMap<>(all.getFirst().files());
    files.put("namespaces.yaml", namespaces.toString());
    Scenario preparation =
        new Scenario(
            "default",
            true,
            true,
            List.of(
                "kubectl create -f namespaces.yaml -f gadgets.yaml -f sites.yaml",
                "kubectl wait --for=condition=Established crd --all --timeout=30s",
                "until kubectl get gadgets,sites; do sleep 0.2; ((i++ < 99)) || exit 1; done"),
            files);
    run(preparation)
        .forEach(
            (line, answer) -> {
              if (answer.status() != 0) {
                throw new IllegalStateException(line + ": " + answer);
              }
            });
  }

  private Map<String, Answer> run(Scenario scenario) throws IOException, InterruptedException {
    Path home = Files.createDirectories(folder.resolve(scenario.name()));
    Path work = Files.createDirectory(home.resolve("work"));
    Files.createDirectory(home.resolve("tmp"));
    scenario.write(work);
    Path config = home.resolve("kubeconfig");
    JsonNode contexts = new YAMLMapper().readTree(kubeconfig.toFile());
    ((ObjectNode) contexts.at("/contexts/0/context")).put("namespace", scenario.name());
    new YAMLMapper().writeValue(config.toFile(), contexts);
    Map<String, Answer> answers = new LinkedHashMap<>();
    for (String line : scenario.lines()) {
      Answer answer = run(line, home, config);
      String key = scenario.name() + ": " + line;
      int number = 1;
      while (answers.containsKey(key)) {
        number++;
        key = scenario.name() + ": " + line + " (" + number + ")";
      }
      answers.put(key, answer);
    }
    return answers;
  }

  private Answer run(String line, Path home, Path config) throws IOException, InterruptedException {
    Path work = home.resolve("work");
    Path out = home.resolve("out");
    Path err = home.resolve("err");
    ProcessBuilder builder =
        new ProcessBuilder("bash", "-c", line)
            .directory(work.toFile())
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    Map<String, String> environment = builder.environment();
    environment.put("PATH", folder.resolve("bin") + ":" + environment.getOrDefault("PATH", ""));
    environment.put("HOME", home.toString());
    environment.put("TMPDIR", home.resolve("tmp").toString());
    environment.put("KUBECONFIG", config.toString());
    environment.put("TZ", "UTC");
    environment.put("LC_ALL", "C.UTF-8");
    Process process = builder.start();
    if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
      throw new IllegalStateException(line + " has not ended after " + PATIENCE_SECONDS + " s");
    }
    return new Answer(process.exitValue(), normal(out, home), normal(err, home));
  }

  private static String normal(Path file, Path home) throws IOException {
    return Normal.of(Files.readString(file, StandardCharsets.UTF_8), home);
  }
}
