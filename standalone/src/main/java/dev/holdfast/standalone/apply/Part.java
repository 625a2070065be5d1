package dev.holdfast.standalone.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.SequencedSet;
import org.jspecify.annotations.Nullable;

/**
 * A value, cut by {@link Cutter} into the parts that may have owners of their own.
 *
 * @param parts the fields of an object, the items of a set or a keyed list, by their steps in
 *     FieldsV1; null where the value has one owner as a whole
 * @param steps of the items of a list, in its order; none of an object
 * @param named whether it is a field that the schema knows by name
 */
record Part(
    JsonNode value, @Nullable SequencedMap<String, Part> parts, List<String> steps, boolean named) {
  private static final SequencedMap<String, Part> NONE = new LinkedHashMap<>();

  static Part whole(JsonNode value, boolean named) {
    return new Part(value, null, List.of(), named);
  }

  private static Part nothing(boolean named) {
    return new Part(NullNode.instance, NONE, List.of(), named);
  }

  boolean isWhole() {
    return parts == null;
  }

  /** Its parts; none where it is whole. */
  SequencedMap<String, Part> below() {
    return parts == null ? NONE : parts;
  }

  @Nullable Part below(String step) {
    return below().get(step);
  }

  /**
   * The fields that it sets: what has one owner as a whole, items, and of the objects only those
   * that are empty or not known by name. After typed/tofieldset.go of structured-merge-diff.
   */
  FieldSet fields() {
    FieldSet set = new FieldSet();
    below()
        .forEach(
            (step, part) -> {
              JsonNode content = part.value;
              FieldSet fields = part.fields();
              fields.setMember(
                  part.parts == null
                      || !part.named
                      || content.isNull()
                      || (content.isObject() && content.isEmpty()));
              // An item that has lost everything is still one, but has lost its key too.
              set.put(content.isNull() && value.isArray() ? "" : step, fields);
            });
    return set;
  }

  /** {@link #fields}, and the objects known by name that they are in. */
  FieldSet namedFields() {
    return fields().withNamed(this);
  }

  /**
   * What is left without some fields. A container that loses everything becomes null, which
   * defaulting drops later. After typed/remove.go of structured-merge-diff.
   */
  Part without(FieldSet fields) {
    if (parts == null) {
      return value.isContainerNode() ? nothing(named) : this;
    }
    Builder left = new Builder(this);
    int index = 0;
    for (String step : value.isArray() ? steps : parts.keySet()) {
      JsonNode content = value.isArray() ? value.get(index++) : value.path(Step.nameOf(step));
      Part part = Objects.requireNonNull(parts.get(step));
      FieldSet below = fields.below(step);
      if (below == null) {
        left.add(step, content, part);
      } else if (!below.isMember()) {
        left.add(step, part.without(below));
      }
    }
    return left.parts.isEmpty() ? nothing(named) : left.build();
  }

  /**
   * A configuration merged over it; nothing is removed. Where the kinds of two values differ, the
   * configuration's wins. After typed/merge.go of structured-merge-diff.
   */
  Part merge(Part configuration) {
    if (configuration.parts == null || below().isEmpty()) {
      return value.equals(configuration.value) ? this : configuration;
    }
    if (value.isArray()) {
      return ListMerge.merge(this, configuration);
    }
    Builder merged = new Builder(this);
    SequencedSet<String> names = new LinkedHashSet<>(below().keySet());
    names.addAll(configuration.parts.keySet());
    names.forEach(step -> merged.add(step, mergedAt(step, configuration)));
    return merged.build();
  }

  /** What is at a step that at least one of the two has. */
  Part mergedAt(String step, Part configuration) {
    Part live = below(step);
    Part applied = configuration.below(step);
    if (live == null || applied == null) {
      return live != null ? live : Objects.requireNonNull(applied);
    }
    return live.merge(applied);
  }

  /** A container in the making, from another one. */
  static final class Builder {
    private final LinkedHashMap<String, Part> parts = new LinkedHashMap<>();
    private final List<String> steps = new ArrayList<>();
    private final List<JsonNode> contents = new ArrayList<>();
    private final Part origin;

    Builder(Part origin) {
      this.origin = origin;
    }

    void add(String step, Part part) {
      add(step, part.value, part);
    }

    /** Adds a field or an item; items that share a key come one by one, with one part. */
    void add(String step, JsonNode content, Part part) {
      parts.put(step, part);
      steps.add(step);
      contents.add(content);
    }

    /** The origin itself if it has the same parts. */
    @SuppressWarnings("ReferenceEquality") // equal ones would be searched through again and again
    Part build() {
      if (steps.equals(origin.value.isArray() ? origin.steps : List.copyOf(origin.below().keySet()))
          && parts.entrySet().stream().allMatch(it -> origin.below(it.getKey()) == it.getValue())) {
        return origin;
      }
      if (origin.value.isArray()) {
        ArrayNode list = JsonNodeFactory.instance.arrayNode().addAll(contents);
        return new Part(list, parts, steps, origin.named);
      }
      ObjectNode object = JsonNodeFactory.instance.objectNode();
      for (int i = 0; i < steps.size(); i++) {
        object.set(Step.nameOf(steps.get(i)), contents.get(i));
      }
      return new Part(object, parts, List.of(), origin.named);
    }
  }
}
