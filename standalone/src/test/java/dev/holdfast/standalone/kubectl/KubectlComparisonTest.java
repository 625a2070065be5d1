package dev.holdfast.standalone.kubectl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.holdfast.standalone.StandaloneControlPlane;
import dev.holdfast.standalone.StandaloneOptions;
import dev.holdfast.standalone.rig.KubeRig;
import dev.holdfast.standalone.security.Identity;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The lines of scenarios.yaml on our server and on a real one (Kubernetes 1.36): the same output,
 * the same exit status. Where they differ, differences.yaml and docs/standalone.md say why nobody
 * needs them to be equal.
 *
 * <p>By default the quick scenarios run with the newest kubectl, and their answers are compared
 * with recorded ones. With the tag heavy everything runs with every kubectl of this machine ({@link
 * Kubectl#all}), on both servers where there is kube-rig; -Dkubectl.record=FILE then writes a new
 * record. With -Dkubectl.scenarios=NAME,NAME only some run, with -Dkubectl.versions=1.33,1.20 only
 * some kubectls.
 */
class KubectlComparisonTest {
  @TempDir Path directory = Path.of("");

  @Test
  void theNewestKubectlGivesWhatWasRecorded() throws Exception {
    Recording record = Recording.read();
    Optional<Kubectl> kubectl =
        Kubectl.all().stream()
            .filter(each -> record.answers().containsKey(each.minor()))
            .findFirst();
    assumeTrue(kubectl.isPresent(), "no kubectl of " + record.answers().keySet());
    List<Scenario> scenarios = Scenario.all().stream().filter(Scenario::quick).toList();

    Map<String, Answer> ours = onStandalone(kubectl.get(), scenarios, directory);
    assertSame(kubectl.get(), record.answers().get(kubectl.get().minor()), ours);
  }

  @Test
  @Tag("heavy")
  void everyKubectlGivesWhatItGivesOnARealServer() throws Exception {
    List<Kubectl> kubectls =
        Kubectl.all().stream().filter(each -> chosen("kubectl.versions", each.version())).toList();
    assumeTrue(!kubectls.isEmpty(), "no kubectl on the PATH");
    List<Scenario> scenarios =
        Scenario.all().stream().filter(each -> chosen("kubectl.scenarios", each.name())).toList();
    Optional<Path> rig = KubeRig.folder();
    Recording record = Recording.read();
    assumeTrue(
        rig.isPresent() || kubectls.stream().anyMatch(k -> record.answers().containsKey(k.minor())),
        "neither kube-rig (property kube.rig) nor a record to compare with");

    for (Kubectl kubectl : kubectls) {
      Path folder = Files.createDirectory(directory.resolve(kubectl.version()));
      if (rig.isPresent()) {
        record.answers().put(kubectl.minor(), onRig(rig.get(), kubectl, scenarios, folder));
      }
      Map<String, Answer> real = record.answers().get(kubectl.minor());
      if (real != null) {
        assertSame(kubectl, real, onStandalone(kubectl, scenarios, folder));
      }
    }
    String file = System.getProperty("kubectl.record", "");
    if (!file.isEmpty()) {
      record.write(Path.of(file));
    }
  }

  private static boolean chosen(String property, String name) {
    String names = System.getProperty(property, "");
    return names.isEmpty() || List.of(names.split(",", -1)).contains(name);
  }

  private static void assertSame(
      Kubectl kubectl, Map<String, Answer> real, Map<String, Answer> ours) throws IOException {
    SortedSet<String> expected = knownDifferences(kubectl);
    expected.retainAll(ours.keySet());
    Map<String, String> differences = new TreeMap<>();
    ours.forEach(
        (line, answer) -> {
          if (!answer.equals(real.get(line))) {
            differences.put(line, "wanted " + real.get(line) + "\ngot " + answer);
          }
        });

    Map<String, String> unexpected = new LinkedHashMap<>(differences);
    unexpected.keySet().removeAll(expected);
    assertThat(unexpected).as("kubectl " + kubectl.version()).isEmpty();
    assertThat(differences.keySet()).as("kubectl " + kubectl.version()).isEqualTo(expected);
    assertThat(ours).isNotEmpty();
  }

  /** The lines that differ, of those that some versions have only. */
  private static SortedSet<String> knownDifferences(Kubectl kubectl) throws IOException {
    SortedSet<String> lines = new TreeSet<>();
    try (InputStream in = KubectlComparisonTest.class.getResourceAsStream("differences.yaml")) {
      for (JsonNode difference : new YAMLMapper().readTree(in)) {
        if (kubectl.minor() >= difference.path("from").asInt()
            && kubectl.minor() <= difference.path("to").asInt(Integer.MAX_VALUE)) {
          difference.path("lines").forEach(line -> lines.add(line.asText()));
        }
      }
    }
    return lines;
  }

  private static Map<String, Answer> onStandalone(
      Kubectl kubectl, List<Scenario> scenarios, Path folder)
      throws IOException, InterruptedException {
    Path data = folder.resolve("standalone");
    try (StandaloneControlPlane plane =
        StandaloneControlPlane.start(StandaloneOptions.in(data.resolve("data")).withSync(false))) {
      Path kubeconfig = folder.resolve("standalone.kubeconfig");
      Files.writeString(kubeconfig, plane.kubeconfig(new Identity.Admin()));
      return new KubectlRun(kubectl.program(), kubeconfig, data.resolve("run")).run(scenarios);
    }
  }

  private static Map<String, Answer> onRig(
      Path rigFolder, Kubectl kubectl, List<Scenario> scenarios, Path folder)
      throws IOException, InterruptedException {
    Path data = Files.createDirectory(folder.resolve("rig"));
    try (KubeRig _ = KubeRig.start(rigFolder, data)) {
      return new KubectlRun(kubectl.program(), data.resolve("kubeconfig"), data.resolve("run"))
          .run(scenarios);
    }
  }
}
