package dev.holdfast.standalone.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.patch.PatchType;
import dev.holdfast.standalone.patch.Patches;
import dev.holdfast.standalone.schema.FieldError;
import dev.holdfast.standalone.schema.StructuralSchema;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One write and the answer of a real API server to it.
 *
 * @param live the object before; null for a create
 * @param answer the object after, or the Status of a conflict
 */
record ApplyCase(
    Operation operation,
    String manager,
    boolean force,
    @Nullable ObjectNode live,
    ObjectNode body,
    ObjectNode answer) {

  enum Operation {
    CREATE,
    REPLACE,
    MERGE,
    APPLY,
    MERGE_STATUS,
    APPLY_STATUS
  }

  static final ObjectMapper MAPPER = new ObjectMapper();
  static final String API_VERSION = "apply.holdfast.test/v1";

  /** The CustomResourceDefinition that the cases are of. */
  static JsonNode definition() {
    try (InputStream stream =
        Objects.requireNonNull(ApplyCase.class.getResourceAsStream("crd.json"))) {
      return MAPPER.readTree(stream);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static StructuralSchema schema() {
    return StructuralSchema.parse(definition().at("/spec/versions/0/schema/openAPIV3Schema"));
  }

  /** What our own code makes of the same write, in the form of {@link #expected()}. */
  JsonNode actual(StructuralSchema schema) {
    List<String> refusals;
    try {
      ObjectNode result = write(schema);
      boolean ofStatus = operation == Operation.MERGE_STATUS || operation == Operation.APPLY_STATUS;
      List<FieldError> errors =
          ofStatus && live != null
              ? schema.validateStatus(result, live, List.of())
              : schema.validate(result, live, List.of());
      if (errors.isEmpty()) {
        return comparable(result);
      }
      refusals = errors.stream().map(error -> error.field() + error.message()).toList();
    } catch (ApplyConflictException e) {
      refusals = e.conflicts().stream().map(c -> c.field() + c.message()).toList();
    }
    return MAPPER.valueToTree(refusals.stream().sorted().toList());
  }

  JsonNode expected() {
    if (!answer.path("kind").asText().equals("Status")) {
      return comparable(answer);
    }
    List<String> fields = new ArrayList<>();
    for (JsonNode cause : answer.path("details").path("causes")) {
      fields.add(cause.path("field").asText() + cause.path("message").asText());
    }
    return MAPPER.valueToTree(fields.stream().sorted().toList());
  }

  private ObjectNode write(StructuralSchema schema) {
    FieldManagement main = new FieldManagement(schema, API_VERSION, "", Clock.systemUTC());
    FieldManagement status = new FieldManagement(schema, API_VERSION, "status", Clock.systemUTC());
    ObjectNode before = live == null ? JsonNodeFactory.instance.objectNode() : live;
    return switch (operation) {
      case CREATE -> restoreStatus(main.update(null, defaulted(schema, body), manager));
      case REPLACE -> restoreStatus(main.update(before, defaulted(schema, body), manager));
      case MERGE ->
          restoreStatus(
              main.update(
                  before,
                  defaulted(schema, Patches.apply(PatchType.MERGE, before, body)),
                  manager));
      case APPLY -> restoreStatus(main.apply(live, body, manager, force));
      case MERGE_STATUS ->
          onlyStatus(
              before,
              status.update(
                  before,
                  defaulted(schema, Patches.apply(PatchType.MERGE, before, body)),
                  manager));
      case APPLY_STATUS -> onlyStatus(before, status.apply(before, body, manager, force));
    };
  }

  private static ObjectNode defaulted(StructuralSchema schema, ObjectNode object) {
    ObjectNode copy = object.deepCopy();
    schema.pruneUnknown(copy);
    schema.applyDefaults(copy);
    return copy;
  }

  private ObjectNode restoreStatus(ObjectNode result) {
    result.remove("status");
    if (live != null && live.has("status")) {
      result.set("status", live.get("status"));
    }
    return result;
  }

  private static ObjectNode onlyStatus(ObjectNode live, ObjectNode result) {
    ObjectNode copy = live.deepCopy();
    copy.remove("status");
    if (result.has("status")) {
      copy.set("status", result.get("status"));
    }
    copy.withObjectProperty("metadata")
        .set("managedFields", result.path("metadata").path("managedFields"));
    return copy;
  }

  private static JsonNode comparable(ObjectNode object) {
    ObjectNode copy = object.deepCopy();
    ObjectNode metadata = copy.withObjectProperty("metadata");
    metadata.remove(
        List.of("uid", "namespace", "resourceVersion", "creationTimestamp", "generation"));
    List<JsonNode> entries = new ArrayList<>();
    for (JsonNode entry : metadata.path("managedFields")) {
      ObjectNode plain = entry.deepCopy();
      plain.remove("time");
      entries.add(plain);
    }
    entries.sort(Comparator.comparing(ApplyCase::identity));
    ArrayNode sorted = MAPPER.createArrayNode().addAll(entries);
    metadata.set("managedFields", sorted);
    return copy;
  }

  private static String identity(JsonNode entry) {
    return entry.path("manager") + "/" + entry.path("operation") + "/" + entry.path("subresource");
  }
}
