package dev.holdfast.standalone.schema;

import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.standalone.json.JsonValues;
import dev.holdfast.standalone.schema.FieldError.Reason;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Types and values, with the texts of the validator in kube-openapi (pkg/validation). An error of a
 * value that an update left as it was is tolerated (KEP-4008, ratcheting).
 */
final class ValueValidator {
  private static final BigDecimal MAX_INT32 = BigDecimal.valueOf(Integer.MAX_VALUE);
  private static final BigDecimal MIN_INT32 = BigDecimal.valueOf(Integer.MIN_VALUE);

  private ValueValidator() {}

  static List<FieldError> validate(SchemaNode root, JsonNode object, @Nullable JsonNode old) {
    Correlation correlation = old == null ? null : new Correlation(object, old, root);
    return validate(root, object, FieldPath.ROOT, correlation);
  }

  /** Validates a value that is no resource, as the default of a field. */
  static List<FieldError> validate(SchemaNode schema, JsonNode value, FieldPath path) {
    return validate(schema, value, path, null);
  }

  private static List<FieldError> validate(
      SchemaNode schema, JsonNode value, FieldPath path, @Nullable Correlation correlation) {
    List<FieldError> errors = new ArrayList<>();
    if (value.isNull()) {
      if (!schema.nullable() && !types(schema).isEmpty()) {
        errors.add(wrongType(path, types(schema), "null"));
      }
      enumeration(schema, value, path, errors);
    } else {
      type(schema, value, path, errors);
      composed(schema, value, path, errors);
      if (value.isTextual()) {
        string(schema, value.textValue(), path, errors);
      } else if (value.isNumber()) {
        number(schema, value, path, errors);
      } else if (value.isArray()) {
        array(schema, value, path, correlation, errors);
      } else if (value.isObject()) {
        object(schema, value, path, correlation, errors);
      }
      enumeration(schema, value, path, errors);
    }
    return !errors.isEmpty() && correlation != null && correlation.unchanged() ? List.of() : errors;
  }

  private static String types(SchemaNode schema) {
    return schema.intOrString() ? "integer,string" : schema.type();
  }

  private static FieldError wrongType(FieldPath path, String expected, String actual) {
    return path.error(
        Reason.FieldValueTypeInvalid,
        "Invalid value: \"%s\": %s in body must be of type %s: \"%s\""
            .formatted(actual, path.text(), expected, actual));
  }

  private static void type(
      SchemaNode schema, JsonNode value, FieldPath path, List<FieldError> errors) {
    String actual = typeOf(value);
    boolean fits =
        switch (types(schema)) {
          case "" -> true;
          case "integer,string" -> actual.equals("string") || isInteger(value);
          case "integer" -> isInteger(value);
          case "number" -> value.isNumber();
          default -> actual.equals(types(schema));
        };
    if (!fits) {
      // Where there is a format that is checked, the real server names that instead of the type.
      if (hasCheckedFormat(schema) && !value.isTextual() && !value.isArray()) {
        String actualFormat =
            switch (actual) {
              case "integer" -> "int64";
              case "number" -> schema.type().equals("integer") ? "float64" : "double";
              default -> "";
            };
        errors.add(wrongType(path, schema.values().format(), actualFormat));
      } else {
        errors.add(wrongType(path, types(schema), actual));
      }
    }
  }

  private static boolean hasCheckedFormat(SchemaNode schema) {
    String format = schema.values().format();
    return switch (schema.type()) {
      case "integer" -> format.equals("int32") || format.equals("int64");
      case "number" -> format.equals("float") || format.equals("double");
      case "string" -> Formats.isChecked(format);
      default -> false;
    };
  }

  private static String typeOf(JsonNode value) {
    return switch (value.getNodeType()) {
      case NUMBER -> value.isIntegralNumber() && value.canConvertToLong() ? "integer" : "number";
      case STRING -> "string";
      case BOOLEAN -> "boolean";
      case ARRAY -> "array";
      case OBJECT -> "object";
      case NULL, MISSING, BINARY, POJO -> "null";
    };
  }

  private static boolean isInteger(JsonNode value) {
    if (!value.isNumber()) {
      return false;
    }
    if (value.isIntegralNumber()) {
      return value.canConvertToLong();
    }
    double number = value.doubleValue();
    return number == Math.rint(number) && Math.abs(number) <= 9007199254740991d;
  }

  private static void string(
      SchemaNode schema, String text, FieldPath path, List<FieldError> errors) {
    ValueConstraints limits = schema.values();
    int length = text.codePointCount(0, text.length());
    if (limits.maxLength() != null && length > limits.maxLength()) {
      errors.add(
          path.error(
              Reason.FieldValueTooLong,
              "Too long: may not be more than " + limits.maxLength() + " bytes"));
    }
    if (limits.minLength() != null && length < limits.minLength()) {
      errors.add(
          path.invalid(
              text,
              "%s in body should be at least %d chars long"
                  .formatted(path.text(), limits.minLength())));
    }
    if (limits.pattern() != null && !limits.pattern().matcher(text).find()) {
      errors.add(
          path.invalid(
              text,
              "%s in body should match '%s'".formatted(path.text(), limits.pattern().pattern())));
    }
    boolean isString = schema.type().isEmpty() || schema.type().equals("string");
    if (isString && !Formats.accepts(limits.format(), text)) {
      errors.add(
          path.error(
              Reason.FieldValueTypeInvalid,
              "Invalid value: \"%s\": %s in body must be of type %s: \"%s\""
                  .formatted(text, path.text(), limits.format(), text)));
    }
  }

  private static void number(
      SchemaNode schema, JsonNode value, FieldPath path, List<FieldError> errors) {
    ValueConstraints limits = schema.values();
    BigDecimal number = value.decimalValue();
    boolean outOfRange =
        limits.format().equals("int32")
            && (number.compareTo(MAX_INT32) > 0 || number.compareTo(MIN_INT32) < 0);
    if (schema.type().equals("integer") && (outOfRange || !isInteger(value))) {
      String format =
          limits.format().isEmpty() ? " (default format)" : " with format " + limits.format();
      errors.add(
          FieldPath.ROOT.invalid(
              "", "Checked value must be of type integer" + format + " in " + path.text()));
    }
    if (limits.multipleOf() != null
        && number.remainder(limits.multipleOf()).compareTo(BigDecimal.ZERO) != 0) {
      errors.add(bound(path, value, "a multiple of", limits.multipleOf()));
    }
    BigDecimal maximum = limitFor(value, limits.maximum());
    if (maximum != null) {
      int order = number.compareTo(maximum);
      if (limits.exclusiveMaximum() ? order >= 0 : order > 0) {
        String text = limits.exclusiveMaximum() ? "less than" : "less than or equal to";
        errors.add(bound(path, value, text, maximum));
      }
    }
    BigDecimal minimum = limitFor(value, limits.minimum());
    if (minimum != null) {
      int order = number.compareTo(minimum);
      if (limits.exclusiveMinimum() ? order <= 0 : order < 0) {
        String text = limits.exclusiveMinimum() ? "greater than" : "greater than or equal to";
        errors.add(bound(path, value, text, minimum));
      }
    }
  }

  /** The real server compares whole numbers with the whole part of a limit. */
  private static @Nullable BigDecimal limitFor(JsonNode value, @Nullable BigDecimal limit) {
    return limit != null && value.isIntegralNumber() ? limit.setScale(0, RoundingMode.DOWN) : limit;
  }

  private static FieldError bound(FieldPath path, JsonNode value, String text, BigDecimal limit) {
    return path.invalid(
        value, "%s in body should be %s %s".formatted(path.text(), text, plain(limit)));
  }

  private static String plain(BigDecimal number) {
    BigDecimal stripped = number.stripTrailingZeros();
    return stripped.toPlainString();
  }

  private static void array(
      SchemaNode schema,
      JsonNode value,
      FieldPath path,
      @Nullable Correlation correlation,
      List<FieldError> errors) {
    if (schema.items() != null) {
      for (int i = 0; i < value.size(); i++) {
        Correlation item = correlation == null ? null : correlation.item(i);
        errors.addAll(validate(schema.items(), value.get(i), path.index(i), item));
      }
    }
    ValueConstraints limits = schema.values();
    if (limits.minItems() != null && value.size() < limits.minItems()) {
      errors.add(
          path.invalid(
              value.size(),
              "%s in body should have at least %d items"
                  .formatted(path.text(), limits.minItems())));
    }
    tooMany(path, value.size(), limits.maxItems(), errors);
  }

  private static void tooMany(
      FieldPath path, int size, @Nullable Long limit, List<FieldError> errors) {
    if (limit != null && size > limit) {
      errors.add(
          path.error(
              Reason.FieldValueTooMany,
              "Too many: %d: must have at most %d items".formatted(size, limit)));
    }
  }

  private static void object(
      SchemaNode schema,
      JsonNode value,
      FieldPath path,
      @Nullable Correlation correlation,
      List<FieldError> errors) {
    ValueConstraints limits = schema.values();
    if (limits.minProperties() != null && value.size() < limits.minProperties()) {
      errors.add(
          path.invalid(
              value.size(),
              "%s in body should have at least %d properties"
                  .formatted(path.text(), limits.minProperties())));
      return;
    }
    if (limits.maxProperties() != null && value.size() > limits.maxProperties()) {
      tooMany(path, value.size(), limits.maxProperties(), errors);
      return;
    }
    for (Map.Entry<String, JsonNode> field : value.properties()) {
      String name = field.getKey();
      SchemaNode child = schema.field(name);
      if (child != null) {
        boolean typeMeta =
            path.text().isEmpty() && (name.equals("kind") || name.equals("apiVersion"));
        Correlation below = correlation == null || typeMeta ? null : correlation.field(name);
        errors.addAll(validate(child, field.getValue(), path.child(name), below));
      }
    }
    for (String name : limits.required()) {
      if (!value.has(name)) {
        errors.add(path.child(name).required(""));
      }
    }
  }

  private static void enumeration(
      SchemaNode schema, JsonNode value, FieldPath path, List<FieldError> errors) {
    List<JsonNode> allowed = schema.values().allowed();
    if (!allowed.isEmpty() && allowed.stream().noneMatch(each -> JsonValues.equal(each, value))) {
      List<String> texts =
          allowed.stream()
              .map(each -> each.isTextual() ? each.textValue() : each.toString())
              .toList();
      errors.add(path.unsupported(value, texts));
    }
  }

  /** The logical junctors; their errors have no field of their own. */
  private static void composed(
      SchemaNode schema, JsonNode value, FieldPath path, List<FieldError> errors) {
    ValueConstraints limits = schema.values();
    if (!limits.anyOf().isEmpty() && matching(limits.anyOf(), value, path) == 0) {
      errors.add(composition(path, "must validate at least one schema (anyOf)"));
      errors.addAll(validate(nearest(limits.anyOf(), value), value, path, null));
    }
    if (!limits.oneOf().isEmpty()) {
      long matching = matching(limits.oneOf(), value, path);
      if (matching != 1) {
        String found =
            matching == 0 ? "Found none valid" : "Found " + matching + " valid alternatives";
        errors.add(composition(path, "must validate one and only one schema (oneOf). " + found));
      }
      if (matching == 0) {
        errors.addAll(validate(nearest(limits.oneOf(), value), value, path, null));
      }
    }
    long fulfilled = matching(limits.allOf(), value, path);
    if (fulfilled < limits.allOf().size()) {
      limits.allOf().forEach(each -> errors.addAll(validate(each, value, path, null)));
      errors.add(
          composition(
              path,
              "must validate all the schemas (allOf)"
                  + (fulfilled == 0 ? ". None validated" : "")));
    }
    if (limits.not() != null && validate(limits.not(), value, path, null).isEmpty()) {
      errors.add(composition(path, "must not validate the schema (not)"));
    }
  }

  /** Whose errors are reported: the alternative that looked at most of the value. */
  private static SchemaNode nearest(List<SchemaNode> schemas, JsonNode value) {
    SchemaNode nearest = schemas.getFirst();
    for (SchemaNode schema : schemas) {
      if (coverage(schema, value) > coverage(nearest, value)) {
        nearest = schema;
      }
    }
    return nearest;
  }

  private static int coverage(SchemaNode schema, JsonNode value) {
    int covered = schema.type().isEmpty() ? 1 : 2;
    for (Map.Entry<String, JsonNode> field : value.properties()) {
      SchemaNode child = schema.field(field.getKey());
      covered += child == null ? 0 : coverage(child, field.getValue());
    }
    if (value.isArray() && schema.items() != null) {
      for (JsonNode item : value) {
        covered += coverage(schema.items(), item);
      }
    }
    return covered;
  }

  private static long matching(List<SchemaNode> schemas, JsonNode value, FieldPath path) {
    return schemas.stream().filter(each -> validate(each, value, path, null).isEmpty()).count();
  }

  private static FieldError composition(FieldPath path, String text) {
    return FieldPath.ROOT.invalid("", "\"" + path.text() + "\" " + text);
  }
}
