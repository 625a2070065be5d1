package dev.holdfast.standalone.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.JsonValues;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Uniqueness in lists of type set and map. After schema/listtype of apiextensions. */
final class ListTypes {
  private final List<FieldError> errors = new ArrayList<>();

  private ListTypes() {}

  static List<FieldError> validate(SchemaNode root, JsonNode object) {
    ListTypes check = new ListTypes();
    check.visit(root, object, FieldPath.ROOT);
    return check.errors;
  }

  private void visit(SchemaNode schema, JsonNode value, FieldPath path) {
    if (value.isObject()) {
      for (Map.Entry<String, JsonNode> field : value.properties()) {
        SchemaNode property = schema.properties().get(field.getKey());
        if (property != null) {
          visit(property, field.getValue(), path.child(field.getKey()));
        } else if (schema.additional() != null) {
          visit(schema.additional(), field.getValue(), path.key(field.getKey()));
        }
      }
    } else if (value.isArray()) {
      switch (schema.listType()) {
        case SET -> refuseDuplicates(path, items(value));
        case MAP -> visitListMap(schema, value, path);
        case ATOMIC -> {}
      }
      if (schema.items() != null) {
        for (int i = 0; i < value.size(); i++) {
          visit(schema.items(), value.get(i), path.index(i));
        }
      }
    }
  }

  private void visitListMap(SchemaNode schema, JsonNode list, FieldPath path) {
    for (int i = 0; i < list.size(); i++) {
      JsonNode item = list.get(i);
      if (!item.isObject() && !item.isNull()) {
        errors.add(path.index(i).invalid(item, "must be an object for an array of list-type map"));
        return;
      }
    }
    refuseDuplicates(path, keys(schema, list));
  }

  private static List<JsonNode> items(JsonNode list) {
    List<JsonNode> items = new ArrayList<>();
    list.forEach(items::add);
    return items;
  }

  private static List<JsonNode> keys(SchemaNode schema, JsonNode list) {
    List<JsonNode> keys = new ArrayList<>();
    for (JsonNode item : list) {
      ObjectNode key = JsonNodeFactory.instance.objectNode();
      for (String name : schema.listMapKeys().stream().sorted().toList()) {
        JsonNode value = item.get(name);
        if (value != null) {
          key.set(name, value);
        }
      }
      keys.add(key);
    }
    return keys;
  }

  /** Reports the second appearance of a value, not the third. */
  private void refuseDuplicates(FieldPath path, List<JsonNode> values) {
    for (int i = 0; i < values.size(); i++) {
      JsonNode value = values.get(i);
      long before =
          values.subList(0, i).stream().filter(other -> JsonValues.equal(other, value)).count();
      if (before == 1) {
        errors.add(
            path.index(i)
                .error(FieldError.Reason.FieldValueDuplicate, "Duplicate value: " + value));
      }
    }
  }
}
