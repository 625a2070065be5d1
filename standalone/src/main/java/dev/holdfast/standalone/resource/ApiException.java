package dev.holdfast.standalone.resource;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.schema.FieldError;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A request that fails with a Status object; texts are those of the real API server. */
public final class ApiException extends RuntimeException {
  private final int code;
  private final transient ObjectNode status;

  private ApiException(
      int code, String reason, String message, @Nullable ObjectNode details, int retryAfter) {
    super(message);
    this.code = code;
    this.status = Json.object();
    status.put("kind", "Status").put("apiVersion", "v1").set("metadata", Json.object());
    status.put("status", "Failure").put("message", message);
    if (!reason.isEmpty()) {
      status.put("reason", reason);
    }
    ObjectNode shown = details;
    if (retryAfter > 0) {
      shown = details == null ? Json.object() : details;
      shown.put("retryAfterSeconds", retryAfter);
    }
    if (shown != null) {
      status.set("details", shown);
    }
    status.put("code", code);
  }

  /** HTTP status code. */
  public int code() {
    return code;
  }

  /** The Status object that a client is answered with. */
  public ObjectNode status() {
    return status;
  }

  private static ObjectNode details(String name, String group, String kind) {
    ObjectNode details = Json.object();
    if (!name.isEmpty()) {
      details.put("name", name);
    }
    if (!group.isEmpty()) {
      details.put("group", group);
    }
    return details.put("kind", kind);
  }

  /** An error with no more than its code, reason and message. */
  public static ApiException of(int code, String reason, String message) {
    return new ApiException(code, reason, message, null, 0);
  }

  /** As {@link #of}, with the empty details that some of the real server's answers have. */
  public static ApiException withEmptyDetails(int code, String reason, String message) {
    return new ApiException(code, reason, message, Json.object(), 0);
  }

  public static ApiException badRequest(String message) {
    return of(400, "BadRequest", message);
  }

  /** An error without a reason, as where the real server lets an internal error through. */
  public static ApiException internal(String message) {
    return of(500, "", message);
  }

  public static ApiException notFound(ResourceType type, String name) {
    return new ApiException(
        404,
        "NotFound",
        type.qualifiedPlural() + " \"" + name + "\" not found",
        details(name, type.group(), type.plural()),
        0);
  }

  public static ApiException namespaceNotFound(String namespace) {
    return new ApiException(
        404,
        "NotFound",
        "namespaces \"" + namespace + "\" not found",
        details(namespace, "", "namespaces"),
        0);
  }

  public static ApiException noSuchResource() {
    return withEmptyDetails(404, "NotFound", "the server could not find the requested resource");
  }

  public static ApiException methodNotAllowed(ResourceType type, String verb) {
    return new ApiException(
        405,
        "MethodNotAllowed",
        verb + " is not supported on resources of kind \"" + type.qualifiedPlural() + "\"",
        details("", type.group(), type.plural()),
        0);
  }

  public static ApiException alreadyExists(ResourceType type, String name) {
    return new ApiException(
        409,
        "AlreadyExists",
        type.qualifiedPlural() + " \"" + name + "\" already exists",
        details(name, type.group(), type.plural()),
        0);
  }

  public static ApiException conflict(ResourceType type, String name, String why) {
    return new ApiException(
        409,
        "Conflict",
        "Operation cannot be fulfilled on " + type.qualifiedPlural() + " \"" + name + "\": " + why,
        details(name, type.group(), type.plural()),
        0);
  }

  /** The object was written since the client read it. */
  public static ApiException modified(ResourceType type, String name) {
    return conflict(
        type,
        name,
        "the object has been modified; please apply your changes to the latest version and try"
            + " again");
  }

  /** A precondition of a deletion, which the real server reports by kind instead of resource. */
  public static ApiException preconditionFailed(ResourceType type, String name, String why) {
    return new ApiException(
        409,
        "Conflict",
        "Operation cannot be fulfilled on " + type.qualifiedKind() + " \"" + name + "\": " + why,
        details(name, type.group(), type.kind()),
        0);
  }

  public static ApiException forbidden(
      ResourceType type, String name, String why, @Nullable ObjectNode cause) {
    ObjectNode details = details(name, type.group(), type.plural());
    if (cause != null) {
      details.set("causes", Json.array().add(cause));
    }
    return new ApiException(
        403,
        "Forbidden",
        type.qualifiedPlural()
            + (name.isEmpty() ? "" : " \"" + name + "\"")
            + " is forbidden: "
            + why,
        details,
        0);
  }

  /**
   * An object that breaks rules.
   *
   * @param kind as it is shown; what the client sent, which may be a wrong one
   */
  public static ApiException invalid(
      String group, String kind, String name, List<FieldError> errors) {
    return invalid(group, kind, kind, name, errors);
  }

  /** As {@link #invalid}, but naming the plural, as a few checks of the real server do. */
  public static ApiException invalid(
      String group, String detailsKind, String kind, String name, List<FieldError> errors) {
    String text =
        errors.stream().map(FieldError::text).distinct().collect(Collectors.joining(", "));
    ObjectNode details = Json.object();
    if (!name.isEmpty()) {
      details.put("name", name);
    }
    if (!group.isEmpty()) {
      details.put("group", group);
    }
    if (!detailsKind.isEmpty()) {
      details.put("kind", detailsKind);
    }
    details.set("causes", causes(errors));
    return new ApiException(
        422,
        "Invalid",
        kind
            + (group.isEmpty() ? "" : "." + group)
            + " \""
            + name
            + "\" is invalid: "
            + (errors.stream().distinct().count() == 1 ? text : "[" + text + "]"),
        details,
        0);
  }

  /** A query parameter with a value it may not have. */
  public static ApiException invalidOption(String optionsKind, FieldError error) {
    return invalid("meta.k8s.io", optionsKind, "", List.of(error));
  }

  private static ArrayNode causes(List<FieldError> errors) {
    ArrayNode causes = Json.array();
    for (FieldError error : errors) {
      causes.add(cause(error.reason().name(), error.message(), error.field()));
    }
    return causes;
  }

  public static ObjectNode cause(String reason, String message, String field) {
    ObjectNode cause = Json.object().put("reason", reason).put("message", message);
    return field.isEmpty() ? cause : cause.put("field", field);
  }

  /** A conflict of server-side apply: one cause per field and owner. */
  public static ApiException applyConflict(String message, List<ObjectNode> causes) {
    ObjectNode details = Json.object();
    details.set("causes", Json.array().addAll(causes));
    return new ApiException(409, "Conflict", message, details, 0);
  }

  public static ApiException tooLargeResourceVersion(long asked, long current) {
    ObjectNode details = Json.object();
    details.set(
        "causes",
        Json.array().add(cause("ResourceVersionTooLarge", "Too large resource version", "")));
    return new ApiException(
        504,
        "Timeout",
        "Timeout: Too large resource version: " + asked + ", current: " + current,
        details,
        1);
  }

  public static ApiException unsupportedMediaType(String accepted) {
    return of(
        415,
        "UnsupportedMediaType",
        "the body of the request was in an unknown format - accepted media types include: "
            + accepted);
  }
}
