package dev.holdfast.standalone.schema;

import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.standalone.json.JsonValues;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Uniqueness in lists of type set and map. After schema/listtype of apiextensions. */
final class ListTypes {
  private final List<FieldError> errors = new ArrayList<>();

  private ListTypes() {}

  static List<FieldError> validate(Schema root, JsonNode object) {
    ListTypes check = new ListTypes();
    check.visit(root, object, FieldPath.ROOT);
    return check.errors;
  }

  private void visit(Schema schema, JsonNode value, FieldPath path) {
    if (value.isObject()) {
      for (Map.Entry<String, JsonNode> field : value.properties()) {
        String name = field.getKey();
        Schema property = schema.properties().get(name);
        if (property != null) {
          visit(property, field.getValue(), path.child(name));
        } else if (schema.additional() != null) {
          visit(schema.additional(), field.getValue(), path.key(name));
        }
      }
    } else if (value.isArray()) {
      if (schema.isSet() || schema.isListMap()) {
        refuseDuplicates(schema, value, path);
      }
      if (schema.items() != null) {
        for (int i = 0; i < value.size(); i++) {
          visit(schema.items(), value.get(i), path.index(i));
        }
      }
    }
  }

  /** Reports the second appearance of a value, not the third. */
  private void refuseDuplicates(Schema schema, JsonNode list, FieldPath path) {
    for (int i = 0; schema.isListMap() && i < list.size(); i++) {
      JsonNode item = list.get(i);
      if (!item.isObject() && !item.isNull()) {
        errors.add(path.index(i).invalid(item, "must be an object for an array of list-type map"));
        return;
      }
    }
    Map<JsonNode, Integer> counts = new TreeMap<>(JsonValues::compare);
    for (int i = 0; i < list.size(); i++) {
      JsonNode identity = schema.identity(list.get(i));
      if (counts.merge(identity, 1, Integer::sum) == 2) {
        errors.add(
            path.index(i)
                .error(FieldError.Reason.FieldValueDuplicate, "Duplicate value: " + identity));
      }
    }
  }
}
