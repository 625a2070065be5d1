package dev.holdfast.standalone.resource;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.schema.FieldError;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A request that fails with a Status object; texts are those of the real API server. */
public final class ApiException extends RuntimeException {
  private final int code;
  private final transient ObjectNode status;

  private ApiException(int code, String reason, String message, @Nullable ObjectNode details) {
    super(message);
    this.code = code;
    this.status =
        Json.object(
            "kind",
            "Status",
            "apiVersion",
            "v1",
            "metadata",
            Json.object(),
            "status",
            "Failure",
            "message",
            message,
            "reason",
            reason.isEmpty() ? null : reason,
            "details",
            details,
            "code",
            code);
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
    ObjectNode details = Json.object().put("name", name).put("group", group).put("kind", kind);
    details.removeIf(value -> value.asText().isEmpty());
    return details;
  }

  private static ObjectNode details(ObjectNode... causes) {
    ObjectNode details = Json.object();
    details.putArray("causes").addAll(List.of(causes));
    return details;
  }

  /**
   * An error about an object, named by its plural as the real server does nearly everywhere.
   *
   * @param message with {} in the place of the name
   */
  private static ApiException about(
      ResourceType type, String name, int code, String reason, String message) {
    String named = type.qualifiedPlural() + (name.isEmpty() ? "" : " \"" + name + "\"");
    ObjectNode details = details(name, type.group(), type.plural());
    return new ApiException(code, reason, message.replace("{}", named), details);
  }

  /** An error with no more than its code, reason and message. */
  public static ApiException of(int code, String reason, String message) {
    return new ApiException(code, reason, message, null);
  }

  /** As {@link #of}, with the empty details that some of the real server's answers have. */
  public static ApiException withEmptyDetails(int code, String reason, String message) {
    return new ApiException(code, reason, message, Json.object());
  }

  public static ApiException badRequest(String message) {
    return of(400, "BadRequest", message);
  }

  /** An error without a reason, as where the real server lets an internal error through. */
  public static ApiException internal(String message) {
    return of(500, "", message);
  }

  public static ApiException notFound(ResourceType type, String name) {
    return about(type, name, 404, "NotFound", "{} not found");
  }

  public static ApiException namespaceNotFound(String namespace) {
    String message = "namespaces \"" + namespace + "\" not found";
    return new ApiException(404, "NotFound", message, details(namespace, "", "namespaces"));
  }

  public static ApiException noSuchResource() {
    return withEmptyDetails(404, "NotFound", "the server could not find the requested resource");
  }

  public static ApiException methodNotAllowed(ResourceType type, String verb) {
    String message = verb + " is not supported on resources of kind \"{}\"";
    return about(type, "", 405, "MethodNotAllowed", message);
  }

  public static ApiException alreadyExists(ResourceType type, String name) {
    return about(type, name, 409, "AlreadyExists", "{} already exists");
  }

  public static ApiException conflict(ResourceType type, String name, String why) {
    return about(type, name, 409, "Conflict", "Operation cannot be fulfilled on {}: " + why);
  }

  /** The object was written since the client read it. */
  public static ApiException modified(ResourceType type, String name) {
    String why = "the object has been modified; please apply your changes to the latest version";
    return conflict(type, name, why + " and try again");
  }

  /** A precondition of a deletion, which the real server reports by kind instead of resource. */
  public static ApiException preconditionFailed(ResourceType type, String name, String why) {
    return new ApiException(
        409,
        "Conflict",
        "Operation cannot be fulfilled on " + type.qualifiedKind() + " \"" + name + "\": " + why,
        details(name, type.group(), type.kind()));
  }

  public static ApiException forbidden(
      ResourceType type, String name, String why, @Nullable ObjectNode cause) {
    ApiException refusal = about(type, name, 403, "Forbidden", "{} is forbidden: " + why);
    if (cause != null) {
      refusal.status.withObjectProperty("details").setAll(details(cause));
    }
    return refusal;
  }

  public static ApiException forbiddenPath(String user, String path) {
    return withEmptyDetails(
        403, "Forbidden", "forbidden: User \"" + user + "\" cannot get path \"" + path + "\"");
  }

  /**
   * An object that breaks rules.
   *
   * @param kind as it is shown; what the client sent, which may be a wrong one
   */
  public static ApiException invalid(
      String group, String kind, String name, List<FieldError> errors) {
    List<String> texts = errors.stream().map(FieldError::text).distinct().toList();
    String text = String.join(", ", texts);
    ObjectNode details = details(name, group, kind);
    ArrayNode causes = details.putArray("causes");
    errors.forEach(e -> causes.add(cause(e.reason().name(), e.message(), e.field())));
    return new ApiException(
        422,
        "Invalid",
        "%s \"%s\" is invalid: %s"
            .formatted(
                kind + (group.isEmpty() ? "" : "." + group),
                name,
                texts.size() == 1 ? text : "[" + text + "]"),
        details);
  }

  /** A query parameter with a value it may not have. */
  public static ApiException invalidOption(String optionsKind, FieldError error) {
    return invalid("meta.k8s.io", optionsKind, "", List.of(error));
  }

  public static ObjectNode cause(String reason, String message, String field) {
    ObjectNode cause = Json.object().put("reason", reason).put("message", message);
    return field.isEmpty() ? cause : cause.put("field", field);
  }

  /** A conflict of server-side apply: one cause per field and owner. */
  public static ApiException applyConflict(String message, List<ObjectNode> causes) {
    return new ApiException(409, "Conflict", message, details(causes.toArray(ObjectNode[]::new)));
  }

  public static ApiException tooLargeResourceVersion(long asked, long current) {
    ObjectNode cause = cause("ResourceVersionTooLarge", "Too large resource version", "");
    return new ApiException(
        504,
        "Timeout",
        "Timeout: Too large resource version: " + asked + ", current: " + current,
        details(cause).put("retryAfterSeconds", 1));
  }

  /** What the server has no room for at the moment. */
  public static ApiException tooManyRequests(String message) {
    ObjectNode details = Json.object().put("retryAfterSeconds", 1);
    return new ApiException(429, "TooManyRequests", message, details);
  }

  public static ApiException unsupportedMediaType(String accepted) {
    String message = "the body of the request was in an unknown format - accepted media types";
    return of(415, "UnsupportedMediaType", message + " include: " + accepted);
  }
}
