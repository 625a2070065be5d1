package dev.holdfast.standalone.kind;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.schema.FieldError;
import dev.holdfast.standalone.schema.FieldError.Reason;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Secrets and ConfigMaps: text becomes data, and what is immutable stays. */
final class SecretRules implements KindRules {
  private static final Pattern KEY = Pattern.compile("[-._a-zA-Z0-9]+");
  private static final String KEY_RULE =
      "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g."
          + " 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is"
          + " '[-._a-zA-Z0-9]+')";

  private final boolean secret;

  SecretRules(boolean secret) {
    this.secret = secret;
  }

  @Override
  public void prepare(ObjectNode object, @Nullable ObjectNode live) {
    if (!secret) {
      return;
    }
    if (Json.textAt(object, "type").isEmpty()) {
      object.put("type", live == null ? "Opaque" : Json.textAt(live, "type"));
    }
    JsonNode texts = object.path("stringData");
    object.remove("stringData");
    for (Map.Entry<String, JsonNode> text : texts.properties()) {
      byte[] bytes = text.getValue().asText().getBytes(StandardCharsets.UTF_8);
      object
          .withObjectProperty("data")
          .put(text.getKey(), Base64.getEncoder().encodeToString(bytes));
    }
  }

  @Override
  public List<FieldError> validate(ObjectNode object, @Nullable ObjectNode live) {
    List<FieldError> errors = new ArrayList<>();
    if (secret) {
      object.path("data").properties().forEach(entry -> checkBase64(entry, errors));
    }
    for (String field : List.of("data", "binaryData")) {
      for (Map.Entry<String, JsonNode> entry : object.path(field).properties()) {
        if (!KEY.matcher(entry.getKey()).matches()) {
          String place = field + "[" + entry.getKey() + "]";
          errors.add(FieldError.invalid(place, entry.getKey(), KEY_RULE));
        }
      }
    }
    if (secret) {
      if (live != null && !object.path("type").equals(live.path("type"))) {
        errors.add(FieldError.invalid("type", Json.textAt(object, "type"), "field is immutable"));
      }
    }
    if (live != null && live.path("immutable").asBoolean()) {
      Stream.of("immutable", "data", "binaryData")
          .filter(field -> !object.path(field).equals(live.path(field)))
          .map(field -> FieldError.forbidden(field, "field is immutable when `immutable` is set"))
          .forEach(errors::add);
    }
    return errors;
  }

  private static void checkBase64(Map.Entry<String, JsonNode> entry, List<FieldError> errors) {
    try {
      Base64.getDecoder().decode(entry.getValue().asText());
    } catch (IllegalArgumentException e) {
      String message = "Invalid value: must be base64: " + e.getMessage();
      errors.add(new FieldError(Reason.FieldValueInvalid, "data[" + entry.getKey() + "]", message));
    }
  }
}
