package dev.holdfast.standalone.apply;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.schema.StructuralSchema;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;

/** What {@link ApplyAgainstKubernetesTest} once found; the answers are those of the real server. */
class FieldManagementTest {
  private static final Clock CLOCK = Clock.fixed(Instant.EPOCH, ZoneOffset.UTC);
  private static final StructuralSchema SCHEMA =
      StructuralSchema.parse(
          json(
              """
              {'type': 'object', 'properties': {'spec': {
                'type': 'object',
                'properties': {
                  'size': {'type': 'integer'},
                  'color': {'type': 'string'},
                  'disks': {
                    'type': 'array',
                    'x-kubernetes-list-type': 'map',
                    'x-kubernetes-list-map-keys': ['name'],
                    'items': {
                      'type': 'object',
                      'required': ['name'],
                      'properties': {'name': {'type': 'string'}, 'size': {'type': 'integer'}}
                    }
                  }
                }
              }, 'status': {'type': 'object', 'properties': {'phase': {'type': 'string'}}}}}
              """));

  private static ObjectNode json(String text) {
    try {
      return (ObjectNode) new ObjectMapper().readTree(text.replace('\'', '"'));
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static FieldManagement in(String version, String subresource) {
    return new FieldManagement(SCHEMA, "test/" + version, subresource, true, CLOCK);
  }

  private static ObjectNode object(String version, String rest) {
    return json("{'apiVersion': 'test/%s', 'kind': 'Thing', %s}".formatted(version, rest));
  }

  private static ObjectNode apply(ObjectNode live, String version, String manager, String rest) {
    ObjectNode inVersion = live.deepCopy().put("apiVersion", "test/" + version);
    return in(version, "").apply(inVersion, object(version, rest), manager, true);
  }

  /** An item whose fields are owned in one version, and the item itself in another. */
  private static ObjectNode withAnItemOwnedInTwoVersions() {
    ObjectNode object =
        in("v2", "")
            .create(json("{}"), object("v2", "'spec': {'disks': [{'name': 'a', 'size': 1}]}"), "u");
    String disk =
        "'metadata': {'managedFields': [{'manager': 'a', 'operation': 'Apply', 'apiVersion':"
            + " 'test/v1', 'fieldsType': 'FieldsV1', 'fieldsV1': {'f:spec': {'f:disks':"
            + " {'k:{\\\"name\\\":\\\"a\\\"}': {}}}}}, {'manager': 'b', 'operation': 'Apply',"
            + " 'apiVersion': 'test/v2', 'fieldsType': 'FieldsV1', 'fieldsV1': {'f:spec':"
            + " {'f:color': {}}}}]}";
    return object.setAll(object("v2", disk));
  }

  @Test
  void anItemThatIsLeftEmptyInTheVersionOfItsOwnerCanNotBeRead() {
    ObjectNode live = withAnItemOwnedInTwoVersions();

    assertThatThrownBy(() -> apply(live, "v2", "b", "'spec': {'size': 2}"))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessage(
            ".spec.disks: element 0: associative list with keys may not have a null element");
  }

  @Test
  void whatNothingWasTakenFromCanBeReadInEveryVersion() {
    ObjectNode live = withAnItemOwnedInTwoVersions();

    ObjectNode merged = apply(live, "v2", "c", "'spec': {'size': 2}");

    assertThat(merged.path("spec"))
        .isEqualTo(json("{'disks': [{'name': 'a', 'size': 1}], 'size': 2}"));
  }

  @Test
  void kubectlTakesOverWhatItsAnnotationSays() {
    assertThat(appliedOver("'a', 'b'").path("spec").path("color").asText()).isEqualTo("red");
  }

  @Test
  void theAnnotationGivesNothingAwayWhereItemsShareAKey() {
    assertThatThrownBy(() -> appliedOver("'a', 'a'"))
        .isInstanceOf(ApplyConflictException.class)
        .hasMessage(
            "Apply failed with 1 conflict: conflict with \"kubectl-client-side-apply\" using"
                + " test/v1: .spec.color");
  }

  private static ObjectNode appliedOver(String finalizers) {
    ObjectNode before =
        object(
            "v1",
            "'metadata': {'finalizers': [%s]}, 'spec': {'color': 'blue'}".formatted(finalizers));
    before
        .withObjectProperty("metadata")
        .putObject("annotations")
        .put(
            "kubectl.kubernetes.io/last-applied-configuration",
            object("v1", "'spec': {'color': 'blue'}").toString());
    ObjectNode live = in("v1", "").create(json("{}"), before, "kubectl-client-side-apply");
    return in("v1", "").apply(live, object("v1", "'spec': {'color': 'red'}"), "kubectl", false);
  }

  @Test
  void ofManagersOfOneTimeThatOfASubresourceIsForgottenFirst() {
    ObjectNode object = in("v1", "").create(json("{}"), object("v1", "'spec': {'size': 1}"), "a");
    object = in("v1", "").update(object, changed(object, "/spec", "color"), "b");
    object = in("v1", "status").update(object, changed(object, "/status", "phase"), "b");
    for (int number = 1; number <= 8; number++) {
      object =
          in("v1", "")
              .update(object, changed(object, "/metadata/labels", "l" + number), "m" + number);
    }

    JsonNode left = object.path("metadata").path("managedFields");
    assertThat(left.get(0).path("manager").asText()).isEqualTo("ancient-changes");
    assertThat(left.get(0).path("fieldsV1").fieldNames())
        .toIterable()
        .containsExactly("f:spec", "f:status");
    assertThat(left.get(1).path("manager").asText()).isEqualTo("b");
    assertThat(left.get(1).has("subresource")).isFalse();
  }

  @Test
  void conflictsAreToldInTheOrderOfTheirManagers() {
    ObjectNode object = in("v1", "").create(json("{}"), object("v1", "'spec': {'size': 1}"), "b");
    object = in("v1", "").update(object, changed(object, "/spec", "color"), "a");
    object = in("v1", "status").update(object, changed(object, "/status", "phase"), "a");
    ObjectNode live = object;
    String rest = "'spec': {'size': 2, 'color': 'red'}, 'status': {'phase': 'new'}";
    FieldManagement whole = new FieldManagement(SCHEMA, "test/v1", "", false, CLOCK);

    assertThatThrownBy(() -> whole.apply(live, object("v1", rest), "c", false))
        .hasMessage(
            """
            Apply failed with 3 conflicts: conflicts with "a" with subresource "status" using test/v1:
            - .status.phase
            conflicts with "a" using test/v1:
            - .spec.color
            conflicts with "b" using test/v1:
            - .spec.size\
            """);
  }

  private static ObjectNode changed(ObjectNode object, String part, String field) {
    ObjectNode changed = object.deepCopy();
    changed.withObject(part).put(field, "set");
    return changed;
  }
}
