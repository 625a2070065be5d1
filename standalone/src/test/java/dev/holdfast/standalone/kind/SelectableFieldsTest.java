package dev.holdfast.standalone.kind;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.holdfast.standalone.rig.KubeRig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Definitions with selectable fields: the same are refused as by a real API server. */
class SelectableFieldsTest {
  private static final YAMLMapper YAML = new YAMLMapper();

  /**
   * Selectable fields and the type of spec.a in one version or two, and what is wrong with them.
   */
  private static final String CASES =
      """
      .spec.a | string
      .spec.a | integer
      .spec.a .spec.b | boolean
      .spec.a | string | .spec.a | string
      .spec.a | string | .spec.a | integer | FieldValueInvalid spec.selectableFields
      .spec.a | string | .spec.b | string | FieldValueInvalid spec.versions[0].selectableFields, \
      FieldValueInvalid spec.versions[1].selectableFields
      .spec.a | string | | string | FieldValueInvalid spec.versions[0].selectableFields
      .spec.a | string | .spec.b | integer
      .spec.a | number | FieldValueInvalid spec.selectableFields[0].jsonPath
      .spec | string | FieldValueInvalid spec.selectableFields[0].jsonPath
      .spec.b .spec.c | string | FieldValueInvalid spec.selectableFields[1].jsonPath
      .spec.b .spec.b | string | FieldValueDuplicate spec.selectableFields[1].jsonPath
      .spec.b .spec.c1 .spec.c2 .spec.c3 .spec.c4 .spec.c5 .spec.c6 .spec.c7 | string
      .spec.b .spec.c1 .spec.c2 .spec.c3 .spec.c4 .spec.c5 .spec.c6 .spec.c7 .spec.c8 | string \
      | FieldValueTooMany spec.selectableFields
      .spec['a'] | string | FieldValueInvalid spec.selectableFields[0].jsonPath
      .metadata.name | string | FieldValueInvalid spec.selectableFields[0].jsonPath
      .spec.a | string | .spec.c | integer | FieldValueInvalid spec.versions[1].selectableFields[0].jsonPath
      """;

  @TempDir Path directory = Path.of("");

  private record Case(ObjectNode definition, Set<String> errors) {
    static Case of(String line) {
      String[] columns = line.split(" ?\\| ?", -1);
      boolean refused = columns.length % 2 == 1;
      int versions = columns.length / 2;
      try {
        ObjectNode definition =
            (ObjectNode)
                YAML.readTree(
                    """
                    apiVersion: apiextensions.k8s.io/v1
                    kind: CustomResourceDefinition
                    metadata: {name: things.kind.holdfast.test}
                    spec:
                      group: kind.holdfast.test
                      scope: Namespaced
                      names: {plural: things, singular: thing, kind: Thing, listKind: ThingList}
                      conversion: {strategy: None}
                      versions: []
                    """);
        for (int i = 0; i < versions; i++) {
          JsonNode version =
              YAML.readTree(
                  """
                  name: v%d
                  served: true
                  storage: %s
                  schema:
                    openAPIV3Schema:
                      type: object
                      properties:
                        spec:
                          type: object
                          properties:
                            a: {type: %s}
                            b: {type: string}
                            c1: {type: string}
                            c2: {type: string}
                            c3: {type: string}
                            c4: {type: string}
                            c5: {type: string}
                            c6: {type: string}
                            c7: {type: string}
                            c8: {type: string}
                  """
                      .formatted(i + 1, i == 0, columns[2 * i + 1]));
          for (String path : columns[2 * i].isEmpty() ? new String[0] : columns[2 * i].split(" ")) {
            ((ObjectNode) version)
                .withArrayProperty("selectableFields")
                .addObject()
                .put("jsonPath", path);
          }
          definition.withObjectProperty("spec").withArrayProperty("versions").add(version);
        }
        return new Case(
            definition,
            refused
                ? new TreeSet<>(Arrays.asList(columns[columns.length - 1].split(", ")))
                : Set.of());
      } catch (JsonProcessingException e) {
        throw new IllegalArgumentException(line, e);
      }
    }
  }

  static Stream<String> cases() {
    return CASES.lines();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void areWhereTheirSchemaIsAndPointToScalars(String line) {
    Case wanted = Case.of(line);
    Set<String> errors = new TreeSet<>();
    new DefinitionRules(_ -> {}, _ -> {})
        .validate(wanted.definition(), null)
        .forEach(error -> errors.add(error.reason() + " " + error.field()));
    assertThat(errors).isEqualTo(wanted.errors());
  }

  @Test
  void aRealServerRefusesTheSame() throws IOException {
    Optional<Path> folder = KubeRig.folder();
    assumeTrue(folder.isPresent(), "no kube-rig (property kube.rig) to compare with");
    String path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions?dryRun=All";
    SoftAssertions softly = new SoftAssertions();
    try (KubeRig rig = KubeRig.start(folder.get(), directory)) {
      for (String line : CASES.lines().toList()) {
        Case wanted = Case.of(line);
        JsonNode answer = rig.send("POST", path, "application/json", wanted.definition()).body();
        Set<String> errors = new TreeSet<>();
        for (JsonNode cause : answer.path("details").path("causes")) {
          errors.add(cause.path("reason").asText() + " " + cause.path("field").asText());
        }
        softly.assertThat(errors).as("%s: %s", line, answer).isEqualTo(wanted.errors());
      }
    }
    softly.assertAll();
  }
}
