package dev.holdfast.standalone.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.re2j.Pattern;
import java.math.BigDecimal;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a schema demands of a value beyond its type. Absent limits are null. */
record ValueConstraints(
    String format,
    @Nullable BigDecimal minimum,
    boolean exclusiveMinimum,
    @Nullable BigDecimal maximum,
    boolean exclusiveMaximum,
    @Nullable BigDecimal multipleOf,
    @Nullable Long minLength,
    @Nullable Long maxLength,
    @Nullable Pattern pattern,
    @Nullable Long minItems,
    @Nullable Long maxItems,
    @Nullable Long minProperties,
    @Nullable Long maxProperties,
    List<String> required,
    List<JsonNode> allowed,
    List<SchemaNode> allOf,
    List<SchemaNode> anyOf,
    List<SchemaNode> oneOf,
    @Nullable SchemaNode not) {

  static final ValueConstraints NONE =
      new ValueConstraints(
          "", null, false, null, false, null, null, null, null, null, null, null, null, List.of(),
          List.of(), List.of(), List.of(), List.of(), null);
}
