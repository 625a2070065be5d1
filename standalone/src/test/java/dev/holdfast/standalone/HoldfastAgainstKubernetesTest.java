package dev.holdfast.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.json.Yaml;
import dev.holdfast.standalone.rig.KubeRig;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The definitions and the examples of the project, and its objects with one thing wrong in each, to
 * a real API server and to ours: the same are refused, for the same reasons, in the same words.
 */
class HoldfastAgainstKubernetesTest {
  private static final Path MANIFESTS = Path.of("../crds/manifests");
  private static final Path EXAMPLES = Path.of("../examples");
  private static final String STRICT = "?dryRun=All&fieldValidation=Strict";
  private static final Pattern WHOLE = Pattern.compile("([0-9]+)\\.0(?=[,}\\]])");
  private static final String JSON = "application/json";
  private static final YAMLMapper YAML = new YAMLMapper();

  @TempDir Path directory = Path.of("");

  /** Both servers, and what they did not agree about. */
  private record Pair(KubernetesClient real, KubernetesClient ours, List<String> differences) {
    /** What the real one answered. */
    KubeRig.Answer send(String method, String path, String contentType, JsonNode body) {
      KubeRig.Answer expected = KubeRig.send(real, method, path, contentType, body);
      KubeRig.Answer actual = KubeRig.send(ours, method, path, contentType, body);
      if (!essence(expected).equals(essence(actual))) {
        differences.add(
            "%s %s %s%n  expected %s%n  actual   %s"
                .formatted(method, path, body, essence(expected), essence(actual)));
      }
      return expected;
    }

    /**
     * Status, reason and causes in any order; of an object its spec and status, with numbers as Go
     * writes them.
     */
    private static List<Object> essence(KubeRig.Answer answer) {
      JsonNode body = answer.body();
      if (answer.status() < 400) {
        String text =
            YAML.createArrayNode().add(body.get("spec")).add(body.get("status")).toString();
        return List.of(
            answer.status(), Json.parse(bytes(WHOLE.matcher(text).replaceAll("$1"))).value());
      }
      Set<String> causes = new TreeSet<>();
      for (JsonNode cause : body.at("/details/causes")) {
        String message = cause.path("message").asText();
        // A patch that is wrong is shown with the whole object, which has a uid.
        int problem = Math.max(0, message.indexOf("strict decoding error"));
        causes.add(cause.path("field") + " " + cause.path("reason") + message.substring(problem));
      }
      return List.of(
          answer.status(),
          body.path("reason"),
          causes.isEmpty() ? body.path("message").asText() : causes);
    }

    private static byte[] bytes(String text) {
      return text.getBytes(StandardCharsets.UTF_8);
    }
  }

  private static JsonNode objects() throws IOException {
    try (InputStream stream =
        Objects.requireNonNull(
            HoldfastAgainstKubernetesTest.class.getResourceAsStream("holdfast-objects.yaml"))) {
      return Yaml.parse(stream.readAllBytes()).value();
    }
  }

  private static List<JsonNode> documents(Path file) throws IOException {
    try (MappingIterator<JsonNode> documents =
        YAML.readerFor(JsonNode.class).readValues(file.toFile())) {
      return documents.readAll();
    }
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(file -> file.toString().endsWith(".yaml")).sorted().toList();
    }
  }

  @Test
  void refusesWhatAClusterRefuses() throws IOException {
    assumeTrue(KubeRig.folder().isPresent(), "no kube-rig (property kube.rig) to compare with");
    assumeTrue(Files.isDirectory(MANIFESTS), "no crds/manifests beside this module");
    Path rigDirectory = Files.createDirectory(directory.resolve("rig"));
    try (KubeRig rig = KubeRig.start(KubeRig.folder().get(), rigDirectory);
        TestPlane plane = new TestPlane(directory.resolve("plane"))) {
      Pair pair = new Pair(rig.client(), plane.client, new ArrayList<>());
      Map<String, JsonNode> definitions = new HashMap<>();
      for (Path file : files(MANIFESTS)) {
        JsonNode definition = documents(file).getFirst();
        definitions.put(definition.at("/spec/names/plural").asText(), definition);
        install(pair, definition);
      }
      Set<String> texts = new HashSet<>();
      Set<String> rules = new TreeSet<>();
      for (JsonNode entry : objects()) {
        String plural = entry.get("plural").asText();
        JsonNode definition = Objects.requireNonNull(definitions.remove(plural), plural);
        texts.addAll(objects(pair, definition, entry));
        rules.addAll(messages(definition));
      }
      rules.removeIf(message -> texts.stream().anyMatch(text -> text.contains(message)));
      // There is but one mode.
      rules.remove("the forward mode of a network cannot be changed");
      // It is about the name, of which an example in examples/wrong is too long.
      rules.removeIf(message -> message.startsWith("the name of a pool with sanlock leases"));
      assertThat(rules).as("rules that nothing here breaks").isEmpty();
      assertThat(definitions).as("kinds without a right object").isEmpty();
      examples(pair);
      assertThat(pair.differences()).isEmpty();
    }
  }

  private static void install(Pair pair, JsonNode definition) {
    String path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    for (KubernetesClient client : List.of(pair.real(), pair.ours())) {
      KubeRig.Answer answer = KubeRig.send(client, "POST", path, JSON, definition);
      assertThat(answer.status()).as("%s", answer.body()).isEqualTo(201);
      Awaitility.await()
          .until(
              () -> KubeRig.send(client, "GET", collection(definition), "", null).status() == 200);
    }
  }

  private static String collection(JsonNode definition) {
    String namespace =
        definition.at("/spec/scope").asText().equals("Namespaced") ? "/namespaces/default" : "";
    return "/apis/"
        + definition.at("/spec/group").asText()
        + "/"
        + definition.at("/spec/versions/0/name").asText()
        + namespace
        + "/"
        + definition.at("/spec/names/plural").asText();
  }

  /** The messages of all rules of a definition. */
  private static List<String> messages(JsonNode definition) {
    List<String> messages = new ArrayList<>();
    for (JsonNode rules : definition.findValues("x-kubernetes-validations")) {
      rules.forEach(rule -> messages.add(rule.get("message").asText()));
    }
    return messages;
  }

  /** Returns the messages of what was refused. */
  private static List<String> objects(Pair pair, JsonNode definition, JsonNode entry) {
    String collection = collection(definition);
    String path = collection + "/right-object";
    JsonNode schema = definition.at("/spec/versions/0/schema/openAPIV3Schema");
    ObjectNode right = entry.get("object").deepCopy();
    right.put("apiVersion", "holdfast.dev/v1alpha1");
    right.set("kind", definition.at("/spec/names/kind"));
    right.putObject("metadata").put("name", "right-object");
    List<KubeRig.Answer> answers = new ArrayList<>();
    String merge = "application/merge-patch+json";
    assertThat(pair.send("POST", collection, JSON, right).status()).isEqualTo(201);
    ObjectNode status = YAML.createObjectNode().set("status", right.get("status"));
    assertThat(pair.send("PATCH", path + "/status", merge, status).status()).isEqualTo(200);
    for (ObjectNode wrong : Mutations.of(right, "status", schema)) {
      ArrayNode replace = YAML.createArrayNode();
      replace
          .addObject()
          .put("op", "replace")
          .put("path", "/status")
          .set("value", wrong.path("status"));
      answers.add(
          pair.send("PATCH", path + "/status" + STRICT, "application/json-patch+json", replace));
    }
    right.withObject("/metadata").put("name", "wrong-object");
    for (ObjectNode wrong : Mutations.of(right, "spec", schema)) {
      answers.add(pair.send("POST", collection + STRICT, JSON, wrong));
    }
    for (JsonNode patch : entry.get("refused")) {
      ObjectNode wrong = merged(right, patch);
      KubeRig.Answer answer = pair.send("POST", collection + STRICT, JSON, wrong);
      assertThat(answer.status()).as("%s", patch).isEqualTo(422);
      answers.add(answer);
    }
    for (JsonNode patch : entry.get("frozen")) {
      ObjectNode body = YAML.createObjectNode().set("spec", patch);
      answers.add(pair.send("PATCH", path + STRICT, merge, body));
    }
    return answers.stream()
        .filter(answer -> answer.status() == 422)
        .map(answer -> answer.body().path("message").asText())
        .toList();
  }

  private static ObjectNode merged(ObjectNode right, JsonNode patch) {
    ObjectNode merged = right.deepCopy();
    ObjectNode spec = merged.withObject("/spec");
    for (var field : patch.properties()) {
      if (field.getValue().isNull()) {
        spec.remove(field.getKey());
      } else if (field.getValue().isObject()) {
        spec.withObject("/" + field.getKey()).setAll((ObjectNode) field.getValue());
      } else {
        spec.set(field.getKey(), field.getValue());
      }
    }
    return merged;
  }

  /** As kubectl sends them, on the client's side and on the server's. */
  private static void examples(Pair pair) throws IOException {
    assumeTrue(Files.isDirectory(EXAMPLES), "no examples beside this module");
    String mark = "# Refused for: ";
    for (Path file : files(EXAMPLES)) {
      boolean wrong = file.startsWith(EXAMPLES.resolve("wrong"));
      String first = Files.readAllLines(file).getFirst();
      for (JsonNode object : documents(file)) {
        JsonNode metadata = object.get("metadata");
        String namespace = metadata.path("namespace").asText();
        String plural = object.get("kind").asText().toLowerCase(java.util.Locale.ROOT) + "s";
        String collection =
            "/apis/holdfast.dev/v1alpha1/"
                + (namespace.isEmpty() ? "" : "namespaces/" + namespace + "/")
                + plural;
        String item = collection + "/" + metadata.get("name").asText() + STRICT;
        String apply = "application/apply-patch+yaml";
        KubeRig.Answer created = pair.send("POST", collection + STRICT, JSON, object);
        KubeRig.Answer applied = pair.send("PATCH", item + "&fieldManager=test", apply, object);
        assertThat(created.status() >= 400).as("%s: %s", file, created.body()).isEqualTo(wrong);
        assertThat(applied.status() >= 400).as("%s: %s", file, applied.body()).isEqualTo(wrong);
        if (wrong) {
          assertThat(created.body().path("message").asText())
              .as("%s", file)
              .contains(first.substring(mark.length()));
        }
      }
    }
  }
}
