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

  static List<String> prune(Schema root, ObjectNode object) {
    Pruner pruner = new Pruner();
    pruner.visit(root, object, FieldPath.ROOT, true, false);
    return pruner.removed.stream().sorted().toList();
  }

  /**
   * @param preserved whether unknown fields stay, here and below, until a schema is found again
   */
  private void visit(
      @Nullable Schema schema,
      JsonNode value,
      FieldPath path,
      boolean resource,
      boolean preserved) {
    boolean preserve = preserved || (schema != null && schema.preserveUnknown());
    if (value.isObject()) {
      value
          .properties()
          .removeIf(
              field -> {
                String name = field.getKey();
                Schema known = schema == null ? null : schema.field(name);
                if (resource && TYPE_AND_METADATA.contains(name)) {
                  return false;
                }
                if (known != null) {
                  visit(known, field.getValue(), path.child(name), known.embedded(), false);
                } else if (schema != null && schema.openEnded()) {
                  visit(null, field.getValue(), path.child(name), false, preserve);
                } else if (!preserve) {
                  removed.add(path.child(name).text());
                  return true;
                }
                return false;
              });
    } else if (value.isArray()) {
      Schema items = schema == null ? null : schema.items();
      for (int i = 0; i < value.size(); i++) {
        visit(items, value.get(i), path.index(i), items != null && items.embedded(), preserve);
      }
    }
  }
}
