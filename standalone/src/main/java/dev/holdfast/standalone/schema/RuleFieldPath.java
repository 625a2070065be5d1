package dev.holdfast.standalone.schema;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The {@code fieldPath} of a rule: {@code .name} and {@code ['name']}, no list indexes. After
 * ValidFieldPath in schema/cel/validation.go of apiextensions.
 */
final class RuleFieldPath {
  private static final Pattern STEP =
      Pattern.compile("\\.([^.\\[\\]']+)|\\['((?:[^'\\\\]|\\\\.)*)'\\]");

  private RuleFieldPath() {}

  /** Where a rule's fieldPath leads to from its place; null where the schema has no such field. */
  static @Nullable FieldPath resolve(Schema schema, String fieldPath, FieldPath place) {
    FieldPath path = place;
    Schema node = schema;
    Matcher step = STEP.matcher(fieldPath);
    for (int end = 0; end < fieldPath.length(); end = step.end()) {
      if (!step.find(end) || step.start() != end) {
        return null;
      }
      String name =
          step.group(1) == null ? step.group(2).replaceAll("\\\\(.)", "$1") : step.group(1);
      Schema property = node.properties().get(name);
      Schema next = property == null ? node.additional() : property;
      if (next == null) {
        return null;
      }
      path = property == null ? path.key(name) : path.child(name);
      node = next;
    }
    return path;
  }
}
