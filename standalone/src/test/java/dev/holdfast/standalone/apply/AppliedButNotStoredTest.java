package dev.holdfast.standalone.apply;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.holdfast.standalone.apply.Write.Verb;
import dev.holdfast.standalone.rig.KubeRig.Answer;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a configuration may say although it is not kept; all as a real API server answered. */
class AppliedButNotStoredTest {
  private static final YAMLMapper YAML = new YAMLMapper();

  private static final String DEFINITION =
      """
      apiVersion: apiextensions.k8s.io/v1
      kind: CustomResourceDefinition
      metadata: {name: things.apply.holdfast.test}
      spec:
        group: apply.holdfast.test
        scope: Namespaced
        names: {plural: things, kind: Thing}
        versions:
        - name: v1
          served: true
          storage: true
          schema:
            openAPIV3Schema:
              type: object
              properties:
                spec:
                  type: object
                  x-kubernetes-preserve-unknown-fields: true
                  properties:
                    text: {type: string}
                    any: {x-kubernetes-preserve-unknown-fields: true}
                    closed: {type: object, properties: {known: {type: string}}}
      """;

  @TempDir Path directory = Path.of("");

  private ClockedPlane plane;
  private ServedObject thing;

  @BeforeEach
  void start() throws IOException {
    plane = new ClockedPlane(directory);
    plane.install(YAML.readTree(DEFINITION));
    thing = new ServedObject(plane.client(), "things", "thing");
  }

  @AfterEach
  void stop() throws IOException {
    plane.close();
  }

  private Answer apply(String spec) throws IOException {
    ObjectNode configuration = YAML.createObjectNode();
    configuration.put("apiVersion", "apply.holdfast.test/v1").put("kind", "Thing");
    configuration.putObject("metadata").put("name", "thing");
    configuration.set("spec", YAML.readTree(spec));
    return thing.send(new Write(Verb.APPLY, "v1", "", "fieldManager=me", configuration, false));
  }

  private static JsonNode spec(Answer answer) {
    assertThat(answer.status()).as("%s", answer.body()).isIn(200, 201);
    return answer.body().path("spec");
  }

  private static int generation(Answer answer) {
    return answer.body().at("/metadata/generation").asInt();
  }

  @Test
  void aNullWithoutATypeIsAcceptedAndDropped() throws IOException {
    apply("{any: 1, text: a}");
    assertThat(spec(apply("{any: null, text: a}"))).isEqualTo(YAML.readTree("text: a"));
  }

  @Test
  void aNullWithATypeIsRefused() throws IOException {
    assertThat(apply("{text: null}").status()).isEqualTo(422);
  }

  @Test
  void aFieldThatIsPrunedIsDesiredAnewByEachApply() throws IOException {
    Answer first = apply("{closed: {known: a, unknown: b}}");
    Answer second = apply("{closed: {known: a, unknown: b}}");
    assertThat(spec(first)).isEqualTo(YAML.readTree("closed: {known: a}"));
    assertThat(spec(second)).isEqualTo(spec(first));
    assertThat(generation(first)).isEqualTo(1);
    assertThat(generation(second)).isEqualTo(2);
  }
}
