package dev.holdfast.standalone.schema;

import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.schema.FieldError.Reason;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A path as Kubernetes shows it: {@code spec.disks[0].name}, {@code spec.tags[a.b/c]}. Becomes a
 * text only where something is wrong.
 */
record FieldPath(@Nullable FieldPath parent, Object step, boolean bracketed) {
  static final FieldPath ROOT = new FieldPath(null, "", false);

  FieldPath child(String name) {
    return new FieldPath(this, name, false);
  }

  FieldPath index(int index) {
    return new FieldPath(this, index, true);
  }

  FieldPath key(String key) {
    return new FieldPath(this, key, true);
  }

  String text() {
    String before = parent == null ? "" : parent.text();
    return bracketed ? before + "[" + step + "]" : before + (before.isEmpty() ? "" : ".") + step;
  }

  /** The path, or what stands for the whole object. */
  String field() {
    return parent == null ? FieldError.WHOLE : text();
  }

  FieldError error(Reason reason, String message) {
    return new FieldError(reason, field(), message);
  }

  /** {@code Invalid value: VALUE: DETAIL}. */
  FieldError invalid(Object value, String detail) {
    return error(Reason.FieldValueInvalid, "Invalid value: " + shown(value) + ": " + detail);
  }

  FieldError required(String detail) {
    return error(
        Reason.FieldValueRequired, "Required value" + (detail.isEmpty() ? "" : ": " + detail));
  }

  FieldError forbidden(String detail) {
    return error(Reason.FieldValueForbidden, "Forbidden: " + detail);
  }

  FieldError unsupported(Object value, Stream<?> supported) {
    return error(
        Reason.FieldValueNotSupported,
        "Unsupported value: "
            + shown(value)
            + ": supported values: "
            + supported.map(FieldPath::shown).collect(Collectors.joining(", ")));
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
