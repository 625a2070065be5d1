package dev.holdfast.standalone.resource;

import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.schema.FieldError;
import dev.holdfast.standalone.schema.FieldError.Reason;
import java.util.ArrayList;
import java.util.List;
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

  /** What becomes of the objects that the deleted one owns. */
  public enum Propagation {
    /** They are deleted first; until then the owner stays, terminating. */
    FOREGROUND,
    /** They are deleted afterwards. */
    BACKGROUND,
    /** They stay, without the owner. */
    ORPHAN
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
    String policy = body.path("propagationPolicy").asText(propagation);
    JsonNode orphan = body.path("orphanDependents");
    if (orphan.isBoolean()) {
      if (!policy.isEmpty()) {
        throw refused(
            Reason.FieldValueInvalid,
            "Invalid value: \""
                + policy
                + "\": orphanDependents and deletionPropagation cannot be both set");
      }
      policy = orphan.asBoolean() ? "Orphan" : "Background";
    }
    Propagation parsed =
        switch (policy) {
          case "" -> null;
          case "Foreground" -> Propagation.FOREGROUND;
          case "Background" -> Propagation.BACKGROUND;
          case "Orphan" -> Propagation.ORPHAN;
          default ->
              throw refused(
                  Reason.FieldValueNotSupported,
                  "Unsupported value: \""
                      + policy
                      + "\": supported values: \"Foreground\", \"Background\", \"Orphan\","
                      + " \"nil\"");
        };
    return new DeleteOptions(
        WriteOptions.dryRun("DeleteOptions", dry),
        parsed,
        Json.textAt(body, "preconditions", "uid"),
        Json.textAt(body, "preconditions", "resourceVersion"));
  }

  private static ApiException refused(Reason reason, String message) {
    return ApiException.invalidOption(
        "DeleteOptions", new FieldError(reason, "propagationPolicy", message));
  }
}
