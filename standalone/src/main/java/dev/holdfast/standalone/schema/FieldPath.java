package dev.holdfast.standalone.schema;

import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.holdfast.standalone.json.Json;

/** A path as Kubernetes shows it: {@code spec.disks[0].name}, {@code spec.tags[a.b/c]}. */
record FieldPath(String text) {
  static final FieldPath ROOT = new FieldPath("");

  FieldPath child(String name) {
    return new FieldPath(text.isEmpty() ? name : text + "." + name);
  }

  FieldPath index(int index) {
    return new FieldPath(text + "[" + index + "]");
  }

  FieldPath key(String key) {
    return new FieldPath(text + "[" + key + "]");
  }

  /** The path, or what stands for the whole object. */
  String orNil() {
    return text.isEmpty() ? "<nil>" : text;
  }

  FieldError error(FieldError.Reason reason, String message) {
    return new FieldError(reason, orNil(), message);
  }

  /** {@code Invalid value: VALUE: DETAIL}. */
  FieldError invalid(Object value, String detail) {
    return error(
        FieldError.Reason.FieldValueInvalid, "Invalid value: " + shown(value) + ": " + detail);
  }

  FieldError required(String detail) {
    return error(
        FieldError.Reason.FieldValueRequired,
        detail.isEmpty() ? "Required value" : "Required value: " + detail);
  }

  FieldError forbidden(String detail) {
    return error(FieldError.Reason.FieldValueForbidden, "Forbidden: " + detail);
  }

  FieldError unsupported(Object value, Iterable<String> supported) {
    StringBuilder list = new StringBuilder();
    for (String each : supported) {
      list.append(list.isEmpty() ? "" : ", ").append(shown(each));
    }
    return error(
        FieldError.Reason.FieldValueNotSupported,
        "Unsupported value: " + shown(value) + ": supported values: " + list);
  }

  /** Strings quoted, everything else as JSON, but numbers as Go prints them. */
  private static String shown(Object value) {
    return switch (value) {
      case String text -> TextNode.valueOf(text).toString();
      case DoubleNode number -> Json.goText(number);
      default -> value.toString();
    };
  }
}
