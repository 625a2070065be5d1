package dev.holdfast.standalone.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.holdfast.standalone.json.JsonValues;
import dev.holdfast.standalone.rig.KubeRig;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random objects, most of them wrong, to a real API server and to our own code: same fields pruned,
 * same defaults, same errors. With -Dschema.objects and -Dschema.seed more or others.
 */
class ValidationAgainstKubernetesTest {
  private static final String COLLECTION =
      "/apis/schema.holdfast.test/v1/namespaces/default/samples";
  private static final YAMLMapper YAML = new YAMLMapper();

  @TempDir Path directory = Path.of("");

  static JsonNode definition() throws IOException {
    try (InputStream stream =
        Objects.requireNonNull(
            ValidationAgainstKubernetesTest.class.getResourceAsStream("crd.yaml"))) {
      return YAML.readTree(stream);
    }
  }

  @Test
  void randomObjectsAreRefusedForTheSameReasons() throws IOException {
    Optional<Path> folder = KubeRig.folder();
    assumeTrue(folder.isPresent(), "no kube-rig (property kube.rig) to compare with");
    int objects = Integer.getInteger("schema.objects", 400);
    RandomGenerator random =
        RandomGeneratorFactory.of("L64X128MixRandom").create(Long.getLong("schema.seed", 1));
    JsonNode definition = definition();
    StructuralSchema schema =
        StructuralSchema.parse(definition.at("/spec/versions/0/schema/openAPIV3Schema"));
    int refused = 0;
    List<String> differences = new ArrayList<>();
    try (KubeRig rig = KubeRig.start(folder.get(), directory)) {
      rig.install(definition, COLLECTION);
      ObjectNode live = null;
      for (int i = 0; i < objects; i++) {
        RandomSamples samples = new RandomSamples(random);
        ObjectNode body = samples.next(live);
        KubeRig.Answer answer =
            live == null
                ? rig.send("POST", COLLECTION + "?fieldValidation=Ignore", "application/json", body)
                : rig.send(
                    "PUT", COLLECTION + "/sample?fieldValidation=Ignore", "application/json", body);
        assertThat(answer.status()).as("%s", answer.body()).isIn(200, 201, 422);
        refused += answer.status() == 422 ? 1 : 0;
        compare(schema, body, live, answer.body()).ifPresent(differences::add);
        if (answer.status() != 422) {
          live = (ObjectNode) answer.body();
        }
      }
    }
    assertThat(differences).isEmpty();
    assertThat(refused).isBetween(objects / 10, objects - objects / 10);
  }

  private static Optional<String> compare(
      StructuralSchema schema, ObjectNode body, @Nullable ObjectNode live, JsonNode answer) {
    ObjectNode object = body.deepCopy();
    schema.pruneUnknown(object);
    schema.applyDefaults(object);
    List<String> actual = new ArrayList<>();
    for (FieldError error : schema.validate(object, live, false, List.of())) {
      actual.add(error.reason() + " " + error.text());
    }
    List<String> expected = new ArrayList<>();
    for (JsonNode cause : answer.path("details").path("causes")) {
      expected.add(
          cause.path("reason").asText()
              + " "
              + cause.path("field").asText()
              + ": "
              + cause.path("message").asText());
    }
    if (!actual.stream().sorted().toList().equals(expected.stream().sorted().toList())) {
      return Optional.of(
          "body     %s%nlive     %s%nexpected %s%nactual   %s"
              .formatted(body, live == null ? null : live.get("spec"), expected, actual));
    }
    if (expected.isEmpty() && !JsonValues.equal(object.get("spec"), answer.get("spec"))) {
      return Optional.of(
          "body     %s%nmade %s%nnot  %s".formatted(body, object.get("spec"), answer.get("spec")));
    }
    return Optional.empty();
  }
}
