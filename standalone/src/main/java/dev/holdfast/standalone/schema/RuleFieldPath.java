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

  /** The path relative to the rule's place; null where the schema has no such field. */
  static @Nullable FieldPath resolve(SchemaNode schema, String fieldPath) {
    FieldPath path = FieldPath.ROOT;
    SchemaNode node = schema;
    Matcher step = STEP.matcher(fieldPath);
    int end = 0;
    while (end < fieldPath.length()) {
      if (!step.find(end) || step.start() != end) {
        return null;
      }
      String name = step.group(1);
      if (name == null) {
        name = step.group(2).replaceAll("\\\\(.)", "$1");
      }
      SchemaNode property = node.properties().get(name);
      if (property != null) {
        path = path.child(name);
        node = property;
      } else if (node.properties().isEmpty() && node.additional() != null) {
        path = path.key(name);
        node = node.additional();
      } else {
        return null;
      }
      end = step.end();
    }
    return path;
  }
}
