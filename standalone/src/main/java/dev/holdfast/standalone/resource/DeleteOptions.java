package dev.holdfast.standalone.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.schema.FieldError;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * How a deletion is to be done; {@code meta/v1 DeleteOptions}.
 *
 * @param propagation null when the client left it to the server
 * @param uid empty, or the uid that the object must have
 * @param resourceVersion empty, or the version that the object must be at
 */
public record DeleteOptions(
    boolean dryRun, @Nullable Propagation propagation, String uid, String resourceVersion) {

  private static final String FIELD = "propagationPolicy";

  /** What becomes of the objects that the deleted one owns. */
  public enum Propagation {
    /** They are deleted first; until then the owner stays, terminating. */
    FOREGROUND("Foreground", Metadata.FOREGROUND),
    /** They are deleted afterwards. */
    BACKGROUND("Background", ""),
    /** They stay, without the owner. */
    ORPHAN("Orphan", Metadata.ORPHAN);

    private final String text;
    private final String finalizer;

    Propagation(String text, String finalizer) {
      this.text = text;
      this.finalizer = finalizer;
    }

    /** What holds the owner until the garbage collector has done its part. */
    List<String> finalizers() {
      return finalizer.isEmpty() ? List.of() : List.of(finalizer);
    }
  }

  /** A deletion by the control plane itself. */
  public static DeleteOptions of(Propagation propagation, String uid) {
    return new DeleteOptions(false, propagation, uid, "");
  }

  /**
   * Reads the body, or the query parameters where there is no body.
   *
   * @param body a DeleteOptions object; missing when there was none
   */
  public static DeleteOptions parse(JsonNode body, List<String> dryRun, String propagation) {
    List<String> dry = new ArrayList<>(dryRun);
    body.path("dryRun").forEach(value -> dry.add(value.asText()));
    JsonNode orphan = body.path("orphanDependents");
    String given = body.path("propagationPolicy").asText(propagation);
    if (orphan.isBoolean() && !given.isEmpty()) {
      String rule = "orphanDependents and deletionPropagation cannot be both set";
      throw ApiException.invalidOption("DeleteOptions", FieldError.invalid(FIELD, given, rule));
    }
    String policy = orphan.isBoolean() ? (orphan.asBoolean() ? "Orphan" : "Background") : given;
    Propagation parsed = null;
    if (!policy.isEmpty()) {
      String shown = "\"" + policy + "\"";
      FieldError unknown =
          FieldError.unsupported(FIELD, shown, "Foreground", "Background", "Orphan", "nil");
      parsed =
          Stream.of(Propagation.values())
              .filter(value -> value.text.equals(policy))
              .findFirst()
              .orElseThrow(() -> ApiException.invalidOption("DeleteOptions", unknown));
    }
    return new DeleteOptions(
        WriteOptions.dryRun("DeleteOptions", dry),
        parsed,
        Json.textAt(body, "preconditions", "uid"),
        Json.textAt(body, "preconditions", "resourceVersion"));
  }

  /**
   * Checks the preconditions.
   *
   * @throws ApiException 409 when the object is another one or was written since
   */
  void check(Target target, ObjectNode live) {
    check(target, "UID", uid, Metadata.uid(live), "deleted and then recreated");
    String version = Metadata.resourceVersion(live);
    check(target, "ResourceVersion", resourceVersion, version, "modified");
  }

  private static void check(
      Target target, String what, String wanted, String found, String meanwhile) {
    if (!wanted.isEmpty() && !wanted.equals(found)) {
      throw ApiException.preconditionFailed(
          target.type(),
          target.name(),
          "the %1$s in the precondition (%2$s) does not match the %1$s in record (%3$s). The object"
                  .formatted(what, wanted, found)
              + " might have been "
              + meanwhile);
    }
  }
}
