package dev.holdfast.standalone.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.holdfast.standalone.rig.KubeRig;
import dev.holdfast.standalone.schema.StructuralSchema.InvalidSchemaException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Schemas, right ones and some that are wrong in one way each, to a real API server and to our own
 * code: the same are refused, with the same fields named.
 */
class DefinitionsAgainstKubernetesTest {
  private static final String DEFINITIONS =
      "/apis/apiextensions.k8s.io/v1/customresourcedefinitions?dryRun=All";
  private static final String PLACE = "spec.validation";
  private static final YAMLMapper YAML = new YAMLMapper();

  @TempDir Path directory = Path.of("");

  private static JsonNode resource(String name) throws IOException {
    try (InputStream stream =
        Objects.requireNonNull(DefinitionsAgainstKubernetesTest.class.getResourceAsStream(name))) {
      return YAML.readTree(stream);
    }
  }

  @Test
  void refusesWhatARealServerRefusesAndNamesTheSameFields() throws IOException {
    Optional<Path> folder = KubeRig.folder();
    assumeTrue(folder.isPresent(), "no kube-rig (property kube.rig) to compare with");
    JsonNode definition = ValidationAgainstKubernetesTest.definition();
    SoftAssertions softly = new SoftAssertions();
    int refused = 0;
    try (KubeRig rig = KubeRig.start(folder.get(), directory)) {
      for (JsonNode spec : resource("definitions.yaml")) {
        ObjectNode schema = YAML.createObjectNode().put("type", "object");
        schema.putObject("properties").set("spec", spec);
        ((ObjectNode) definition.at("/spec/versions/0/schema")).set("openAPIV3Schema", schema);
        KubeRig.Answer answer = rig.send("POST", DEFINITIONS, "application/json", definition);
        assertThat(answer.status()).as("%s", answer.body()).isIn(201, 422);
        refused += answer.status() == 422 ? 1 : 0;
        softly.assertThat(actual(schema)).as("%s", spec).isEqualTo(expected(answer.body()));
      }
    }
    softly.assertAll();
    assertThat(refused).isGreaterThan(50);
  }

  private static Set<String> actual(JsonNode schema) {
    Set<String> errors = new TreeSet<>();
    try {
      StructuralSchema.parse(schema);
    } catch (InvalidSchemaException e) {
      for (FieldError error : e.errors()) {
        errors.add(error.reason() + " " + error.below(PLACE).field());
      }
    }
    return errors;
  }

  private static Set<String> expected(JsonNode status) {
    Set<String> errors = new TreeSet<>();
    for (JsonNode cause : status.path("details").path("causes")) {
      // A schema without a type that has rules is a fault of the definition, not of the server.
      String reason = cause.path("reason").asText().replace("InternalError", "FieldValueInvalid");
      errors.add(reason + " " + cause.path("field").asText());
    }
    return errors;
  }
}
