package dev.holdfast.standalone.schema;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.StdConverter;
import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.json.JsonValues;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * One node of a structural schema, as Jackson reads it from OpenAPI v3 with the extensions of
 * Kubernetes. What is absent is null, false or empty; an empty type allows any.
 *
 * @param additionalProperties null where fields that are not in {@code properties} are unknown
 */
public record Schema(
    String type,
    String format,
    boolean nullable,
    @JsonProperty("default") @Nullable JsonNode defaultValue,
    Map<String, Schema> properties,
    @Nullable Additional additionalProperties,
    @Nullable Schema items,
    List<String> required,
    @JsonProperty("enum") List<JsonNode> allowed,
    @Nullable BigDecimal minimum,
    boolean exclusiveMinimum,
    @Nullable BigDecimal maximum,
    boolean exclusiveMaximum,
    @Nullable BigDecimal multipleOf,
    @Nullable Long minLength,
    @Nullable Long maxLength,
    @JsonDeserialize(converter = ToPattern.class) @Nullable Pattern pattern,
    @Nullable Long minItems,
    @Nullable Long maxItems,
    @Nullable Long minProperties,
    @Nullable Long maxProperties,
    List<Schema> allOf,
    List<Schema> anyOf,
    List<Schema> oneOf,
    @Nullable Schema not,
    @JsonProperty("x-kubernetes-int-or-string") boolean intOrString,
    @JsonProperty("x-kubernetes-preserve-unknown-fields") boolean preserveUnknown,
    @JsonProperty("x-kubernetes-embedded-resource") boolean embedded,
    @JsonProperty("x-kubernetes-list-type") String listType,
    @JsonProperty("x-kubernetes-list-map-keys") List<String> listMapKeys,
    @JsonProperty("x-kubernetes-map-type") String mapType,
    @JsonProperty("x-kubernetes-validations") List<Rule> rules) {

  private static final Pattern STEP =
      Pattern.compile("\\.([^.\\[\\]']+)|\\['((?:[^'\\\\]|\\\\.)*)'\\]");
  private static final JsonSetter.Value EMPTY_IF_ABSENT =
      JsonSetter.Value.forValueNulls(Nulls.AS_EMPTY);
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .withConfigOverride(String.class, each -> each.setSetterInfo(EMPTY_IF_ABSENT))
          .withConfigOverride(List.class, each -> each.setSetterInfo(EMPTY_IF_ABSENT))
          .withConfigOverride(Map.class, each -> each.setSetterInfo(EMPTY_IF_ABSENT))
          .build();

  /** Allows everything, as under a field that is preserved without a schema. */
  public static final Schema ANYTHING =
      read(Json.object().put("nullable", true).put("x-kubernetes-preserve-unknown-fields", true));

  public Schema {
    defaultValue = defaultValue == null || defaultValue.isNull() ? null : defaultValue;
  }

  /** What {@code additionalProperties} says: a schema, or whether there may be any. */
  record Additional(@Nullable Schema schema, boolean allowed) {
    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    static Additional of(JsonNode json) {
      return json.isBoolean()
          ? new Additional(null, json.asBoolean())
          : new Additional(read(json), true);
    }
  }

  /**
   * One of {@code x-kubernetes-validations}.
   *
   * @param reason the {@link FieldError.Reason} that a violation is reported with; may be empty
   * @param fieldPath where below the rule's own place a violation is reported: {@code .memory}
   */
  record Rule(
      String rule,
      String message,
      String messageExpression,
      String reason,
      String fieldPath,
      boolean optionalOldSelf) {
    /** How errors name the rule. */
    String name() {
      return (message.isBlank() ? rule : message).strip();
    }
  }

  private static final class ToPattern extends StdConverter<String, Pattern> {
    @Override
    public Pattern convert(String text) {
      return Pattern.compile(text);
    }
  }

  /** Reads a schema that {@link SchemaRules} found right. */
  static Schema read(JsonNode json) {
    return read(json, Schema.class);
  }

  /** Reads something that has schemas in it. */
  static <T> T read(JsonNode json, Class<T> type) {
    try {
      return MAPPER.treeToValue(json, type);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("not a schema: " + e.getMessage(), e);
    }
  }

  boolean isObject() {
    return type.equals("object");
  }

  /** Whether the items of a list are told apart by their keys. */
  public boolean isListMap() {
    return listType.equals("map");
  }

  /** Whether the items of a list are told apart by their values. */
  public boolean isSet() {
    return listType.equals("set");
  }

  /** Whether an object has one owner as a whole. */
  public boolean isAtomicMap() {
    return mapType.equals("atomic");
  }

  /** What a key of an item that lacks it is taken for; null where it has no default. */
  public @Nullable JsonNode keyDefault(String key) {
    Schema property = items == null ? null : items.properties().get(key);
    return property == null ? null : property.defaultValue();
  }

  /** The schema of fields that are not in {@code properties}; null where they have none. */
  public @Nullable Schema additional() {
    return additionalProperties == null ? null : additionalProperties.schema();
  }

  /** Whether there may be fields without a schema. */
  public boolean openEnded() {
    return additionalProperties != null
        && additionalProperties.allowed()
        && additionalProperties.schema() == null;
  }

  /** The schema of a field; null where it has none. */
  public @Nullable Schema field(String name) {
    Schema property = properties.get(name);
    return property != null ? property : additional();
  }

  /** What tells an item of a set or a list map from the others: itself, or its keys. */
  JsonNode identity(JsonNode item) {
    if (isSet()) {
      return item;
    }
    ObjectNode keys = Json.object();
    for (String name : new TreeSet<>(listMapKeys)) {
      if (item.has(name)) {
        keys.set(name, item.get(name));
      }
    }
    return keys;
  }

  /** The items of a set or a list map by their identity. */
  Map<JsonNode, JsonNode> byIdentity(JsonNode list) {
    Map<JsonNode, JsonNode> items = new TreeMap<>(JsonValues::compare);
    Json.items(list).forEach(item -> items.putIfAbsent(identity(item), item));
    return items;
  }

  /** The old items, by identity, that new ones can be told to come from: those of a list map. */
  Map<JsonNode, JsonNode> oldItems(@Nullable JsonNode old) {
    return old == null || !isListMap() ? Map.of() : byIdentity(old);
  }

  /** A node below another. */
  record Found(Schema node, FieldPath path) {}

  /**
   * The node at {@code .name} and {@code ['name']} below this one; null where there is none. After
   * ValidFieldPath in schema/cel/validation.go.
   *
   * @param place the path of this node
   */
  @Nullable Found find(String path, FieldPath place) {
    Found found = new Found(this, place);
    Matcher step = STEP.matcher(path);
    for (int end = 0; end < path.length(); end = step.end()) {
      if (!step.find(end) || step.start() != end) {
        return null;
      }
      String name =
          step.group(1) == null ? step.group(2).replaceAll("\\\\(.)", "$1") : step.group(1);
      boolean property = found.node().properties().containsKey(name);
      Schema next = found.node().field(name);
      if (next == null) {
        return null;
      }
      found = new Found(next, property ? found.path().child(name) : found.path().key(name));
    }
    return found;
  }
}
