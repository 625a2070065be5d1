package dev.holdfast.standalone.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.holdfast.standalone.json.Json;
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
  private final List<FieldError> errors = new ArrayList<>();

  private ValueValidator() {}

  /**
   * Validates a value, or a field of one.
   *
   * @param old the value before an update; null on create
   */
  static List<FieldError> validate(
      Schema schema, JsonNode value, @Nullable JsonNode old, FieldPath path) {
    ValueValidator validator = new ValueValidator();
    validator.visit(schema, value, old, path);
    return validator.errors;
  }

  private void visit(Schema schema, JsonNode value, @Nullable JsonNode old, FieldPath path) {
    int before = errors.size();
    if (!value.isNull()) {
      type(schema, value, path);
      composed(schema, value, path);
    } else if (!schema.nullable() && !types(schema).isEmpty()) {
      wrongType(path, types(schema), "null");
    }
    switch (value.getNodeType()) {
      case STRING -> string(schema, value.textValue(), path);
      case NUMBER -> number(schema, value, path);
      case ARRAY -> array(schema, value, old, path);
      case OBJECT -> object(schema, value, old, path);
      case BOOLEAN, NULL, MISSING, BINARY, POJO -> {}
    }
    if (!schema.allowed().isEmpty()
        && schema.allowed().stream().noneMatch(each -> isAllowed(each, value))) {
      errors.add(
          path.unsupported(
              value,
              schema.allowed().stream()
                  .map(each -> each.isTextual() ? each.textValue() : each.toString())));
    }
    if (errors.size() > before && JsonValues.equal(value, old)) {
      errors.subList(before, errors.size()).clear();
    }
  }

  // The real server makes the value as whole as what it is compared with: 1.5 is among 1 and 2.
  private static boolean isAllowed(JsonNode each, JsonNode value) {
    return JsonValues.equal(each, value)
        || (each.isIntegralNumber()
            && value.isNumber()
            && (long) value.doubleValue() == each.longValue());
  }

  private static String types(Schema schema) {
    return schema.intOrString() ? "integer,string" : schema.type();
  }

  private void wrongType(FieldPath path, String expected, String actual) {
    TextNode shown = TextNode.valueOf(actual);
    String text = path.text() + " in body must be of type " + expected + ": " + shown;
    errors.add(path.error(Reason.FieldValueTypeInvalid, "Invalid value: " + shown + ": " + text));
  }

  private void wrong(FieldPath path, Object value, String should) {
    errors.add(path.invalid(value, path.text() + " in body should " + should));
  }

  private void type(Schema schema, JsonNode value, FieldPath path) {
    boolean fits =
        switch (types(schema)) {
          case "" -> true;
          case "integer,string" -> value.isTextual() || isInteger(value);
          case "integer" -> isInteger(value);
          case "number" -> value.isNumber();
          default -> typeOf(value).equals(schema.type());
        };
    if (!fits) {
      String actual = typeOf(value);
      // Where there is a format that is checked, the real server names that instead of the type.
      if (hasCheckedFormat(schema) && !value.isTextual() && !value.isArray()) {
        String actualFormat =
            switch (actual) {
              case "integer" -> "int64";
              case "number" -> schema.type().equals("integer") ? "float64" : "double";
              default -> "";
            };
        wrongType(path, schema.format(), actualFormat);
      } else {
        wrongType(path, types(schema), actual);
      }
    }
  }

  private static boolean hasCheckedFormat(Schema schema) {
    String format = schema.format();
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
    if (value.isIntegralNumber()) {
      return value.canConvertToLong();
    }
    double number = value.doubleValue();
    return value.isNumber() && number == Math.rint(number) && Math.abs(number) <= 9007199254740991d;
  }

  private void string(Schema schema, String text, FieldPath path) {
    int length = text.codePointCount(0, text.length());
    if (schema.maxLength() != null && length > schema.maxLength()) {
      errors.add(FieldError.tooLong(path.field(), schema.maxLength()));
    } else if (schema.minLength() != null && length < schema.minLength()) {
      wrong(path, text, "be at least " + schema.minLength() + " chars long");
    } else if (schema.pattern() != null && !schema.pattern().matcher(text).find()) {
      wrong(path, text, "match '" + schema.pattern().pattern() + "'");
    }
    boolean isString = schema.type().isEmpty() || schema.type().equals("string");
    if (isString && !Formats.accepts(schema.format(), text)) {
      wrongType(path, schema.format(), text);
    }
  }

  private void number(Schema schema, JsonNode value, FieldPath path) {
    boolean outOfRange = schema.format().equals("int32") && !value.canConvertToInt();
    if (schema.type().equals("integer") && (outOfRange || !isInteger(value))) {
      String format =
          schema.format().isEmpty() ? "(default format)" : "with format " + schema.format();
      String text = "Checked value must be of type integer " + format + " in " + path.text();
      errors.add(FieldPath.ROOT.invalid("", text));
    }
    BigDecimal factor = schema.multipleOf();
    if (factor != null && value.decimalValue().remainder(factor).signum() != 0) {
      wrong(path, value, "be a multiple of " + plain(factor));
    }
    bound(path, value, schema.maximum(), schema.exclusiveMaximum(), "less than");
    bound(path, value, schema.minimum(), schema.exclusiveMinimum(), "greater than");
  }

  private void bound(
      FieldPath path, JsonNode value, @Nullable BigDecimal limit, boolean exclusive, String side) {
    if (limit != null) {
      // The real server compares whole numbers with the whole part of a limit.
      BigDecimal bound = value.isIntegralNumber() ? limit.setScale(0, RoundingMode.DOWN) : limit;
      int order = value.decimalValue().compareTo(bound) * (side.equals("less than") ? 1 : -1);
      if (exclusive ? order >= 0 : order > 0) {
        String than = side + (exclusive ? " " : " or equal to ");
        String limitText =
            value.isIntegralNumber()
                ? plain(bound)
                : Json.goText(DoubleNode.valueOf(bound.doubleValue()));
        wrong(path, value, "be " + than + limitText);
      }
    }
  }

  private static String plain(BigDecimal number) {
    return number.stripTrailingZeros().toPlainString();
  }

  private void array(Schema schema, JsonNode value, @Nullable JsonNode old, FieldPath path) {
    if (schema.items() != null) {
      Map<JsonNode, JsonNode> before = schema.oldItems(old);
      for (int i = 0; i < value.size(); i++) {
        JsonNode item = value.get(i);
        visit(schema.items(), item, before.get(schema.identity(item)), path.index(i));
      }
    }
    if (schema.minItems() != null && value.size() < schema.minItems()) {
      wrong(path, value.size(), "have at least " + schema.minItems() + " items");
    }
    tooMany(path, value.size(), schema.maxItems());
  }

  private boolean tooMany(FieldPath path, int size, @Nullable Long limit) {
    if (limit == null || size <= limit) {
      return false;
    }
    String text = "Too many: " + size + ": must have at most " + FieldError.counted(limit, "item");
    errors.add(path.error(Reason.FieldValueTooMany, text));
    return true;
  }

  private void object(Schema schema, JsonNode value, @Nullable JsonNode old, FieldPath path) {
    if (schema.minProperties() != null && value.size() < schema.minProperties()) {
      wrong(path, value.size(), "have at least " + schema.minProperties() + " properties");
      return;
    }
    if (tooMany(path, value.size(), schema.maxProperties())) {
      return;
    }
    for (Map.Entry<String, JsonNode> field : value.properties()) {
      String name = field.getKey();
      Schema child = schema.field(name);
      if (child != null) {
        boolean typeMeta =
            path.parent() == null && (name.equals("kind") || name.equals("apiVersion"));
        JsonNode before = old == null || typeMeta ? null : old.get(name);
        visit(child, field.getValue(), before, path.child(name));
      }
    }
    for (String name : schema.required()) {
      if (!value.has(name)) {
        errors.add(path.child(name).required(""));
      }
    }
  }

  /** The logical junctors; their errors have no field of their own. */
  private void composed(Schema schema, JsonNode value, FieldPath path) {
    if (!schema.anyOf().isEmpty() && matching(schema.anyOf(), value) == 0) {
      composition(path, "must validate at least one schema (anyOf)");
      visit(nearest(schema.anyOf(), value), value, null, path);
    }
    if (!schema.oneOf().isEmpty()) {
      long matching = matching(schema.oneOf(), value);
      if (matching != 1) {
        String found =
            matching == 0 ? "Found none valid" : "Found " + matching + " valid alternatives";
        composition(path, "must validate one and only one schema (oneOf). " + found);
      }
      if (matching == 0) {
        visit(nearest(schema.oneOf(), value), value, null, path);
      }
    }
    long fulfilled = matching(schema.allOf(), value);
    if (fulfilled < schema.allOf().size()) {
      schema.allOf().forEach(each -> visit(each, value, null, path));
      String none = fulfilled == 0 ? ". None validated" : "";
      composition(path, "must validate all the schemas (allOf)" + none);
    }
    if (schema.not() != null && isValid(schema.not(), value)) {
      composition(path, "must not validate the schema (not)");
    }
  }

  static boolean isValid(Schema schema, JsonNode value) {
    return validate(schema, value, null, FieldPath.ROOT).isEmpty();
  }

  private static long matching(List<Schema> schemas, JsonNode value) {
    return schemas.stream().filter(each -> isValid(each, value)).count();
  }

  private void composition(FieldPath path, String text) {
    errors.add(FieldPath.ROOT.invalid("", "\"" + path.text() + "\" " + text));
  }

  /** Whose errors are reported: the alternative that looked at most of the value. */
  private static Schema nearest(List<Schema> schemas, JsonNode value) {
    Schema nearest = schemas.getFirst();
    for (Schema schema : schemas) {
      nearest = coverage(schema, value) > coverage(nearest, value) ? schema : nearest;
    }
    return nearest;
  }

  private static int coverage(Schema schema, JsonNode value) {
    int covered = schema.type().isEmpty() ? 1 : 2;
    for (Map.Entry<String, JsonNode> field : value.properties()) {
      Schema child = schema.field(field.getKey());
      covered += child == null ? 0 : coverage(child, field.getValue());
    }
    if (schema.items() != null && value.isArray()) {
      for (JsonNode item : value) {
        covered += coverage(schema.items(), item);
      }
    }
    return covered;
  }
}
