package dev.holdfast.standalone.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Removes what the schema does not know. After schema/pruning/algorithm.go of apiextensions. */
final class Pruner {
  private static final Set<String> TYPE_AND_METADATA = Set.of("apiVersion", "kind", "metadata");

  private final List<String> removed = new ArrayList<>();

  private Pruner() {}

  static List<String> prune(SchemaNode root, ObjectNode object) {
    Pruner pruner = new Pruner();
    pruner.visit(root, object, FieldPath.ROOT, true, false);
    return pruner.removed.stream().sorted().toList();
  }

  /**
   * @param preserved whether unknown fields stay, here and below, until a schema is found again
   */
  private void visit(
      @Nullable SchemaNode schema,
      JsonNode value,
      FieldPath path,
      boolean resource,
      boolean preserved) {
    boolean preserve = preserved || (schema != null && schema.preserveUnknown());
    if (value instanceof ObjectNode object) {
      for (String name : fieldNames(object)) {
        JsonNode child = object.get(name);
        SchemaNode known = schema == null ? null : schema.field(name);
        if (resource && TYPE_AND_METADATA.contains(name)) {
          continue;
        }
        if (known != null) {
          visit(known, child, path.child(name), known.embedded(), false);
        } else if (schema != null && schema.openEnded() && !schema.properties().containsKey(name)) {
          visit(null, child, path.child(name), false, preserve);
        } else if (!preserve) {
          object.remove(name);
          removed.add(path.child(name).text());
        }
      }
    } else if (value.isArray()) {
      SchemaNode items = schema == null ? null : schema.items();
      for (int i = 0; i < value.size(); i++) {
        visit(items, value.get(i), path.index(i), items != null && items.embedded(), preserve);
      }
    }
  }

  private static List<String> fieldNames(ObjectNode object) {
    List<String> names = new ArrayList<>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }
}
