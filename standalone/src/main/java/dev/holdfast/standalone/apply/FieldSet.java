package dev.holdfast.standalone.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.MalformedDocumentException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A set of field paths, as a tree of {@link Step steps}. A path may be a member without its parent
 * or its children being one. Operations give new sets that share subtrees, so a set is changed only
 * while nobody else has seen it.
 */
final class FieldSet {
  private final TreeMap<String, FieldSet> children = new TreeMap<>();
  private boolean member;

  /** A set of plain field paths, spaces between them and dots between the names. */
  static FieldSet ofFields(String paths) {
    FieldSet set = new FieldSet();
    for (String path : paths.split(" ", -1)) {
      if (!path.isEmpty()) {
        set.insert(Stream.of(path.split("\\.", -1)).map(Step::ofField).toList());
      }
    }
    return set;
  }

  /** Adds a path; the empty one, which is the object itself, has no owners and is left out. */
  void insert(List<String> path) {
    FieldSet node = this;
    for (String step : path) {
      node = node.children.computeIfAbsent(step, _ -> new FieldSet());
    }
    node.member = node != this;
  }

  void setMember(boolean isMember) {
    member = isMember;
  }

  /** Whether the path to this node is a member. */
  boolean isMember() {
    return member;
  }

  boolean isEmpty() {
    return !member && children.isEmpty();
  }

  /** What is at and below a step; null if nothing is. */
  @Nullable FieldSet below(String step) {
    return children.get(step);
  }

  void put(String step, FieldSet set) {
    if (!set.isEmpty()) {
      children.put(step, set);
    }
  }

  private static FieldSet node(boolean member) {
    FieldSet set = new FieldSet();
    set.member = member;
    return set;
  }

  FieldSet union(FieldSet other) {
    FieldSet result = node(member || other.member);
    result.children.putAll(children);
    other.children.forEach((step, set) -> result.children.merge(step, set, FieldSet::union));
    return result;
  }

  FieldSet intersection(FieldSet other) {
    FieldSet result = node(member && other.member);
    children.forEach(
        (step, set) -> {
          FieldSet common = other.below(step);
          if (common != null) {
            result.put(step, set.intersection(common));
          }
        });
    return result;
  }

  /** The members that are not in {@code other}; children of what is in it stay. */
  FieldSet difference(FieldSet other) {
    FieldSet result = node(member && !other.member);
    children.forEach(
        (step, set) -> {
          FieldSet removed = other.below(step);
          result.put(step, removed == null ? set : set.difference(removed));
        });
    return result;
  }

  /** Without the members of {@code other} and all that is below them. */
  FieldSet without(FieldSet other) {
    FieldSet result = node(member && !other.member);
    children.forEach(
        (step, set) -> {
          FieldSet removed = other.below(step);
          if (removed == null || !removed.member) {
            result.put(step, removed == null ? set : set.without(removed));
          }
        });
    return result;
  }

  /** With every field of an object that its schema knows by name and that has members below it. */
  FieldSet withNamed(Part part) {
    FieldSet result = node(member || (part.named() && !children.isEmpty()));
    children.forEach(
        (step, set) -> {
          Part below = part.below(step);
          result.children.put(step, below == null ? set : set.withNamed(below));
        });
    return result;
  }

  /** The paths as users see them; members of a node before what is below it. */
  List<String> display() {
    List<String> paths = new ArrayList<>();
    display("", paths);
    return paths;
  }

  private void display(String prefix, List<String> paths) {
    List<Map.Entry<String, FieldSet>> sorted = new ArrayList<>(children.entrySet());
    sorted.sort(Map.Entry.comparingByKey(Step.ORDER));
    for (Map.Entry<String, FieldSet> child : sorted) {
      if (child.getValue().member) {
        paths.add(prefix + Step.display(child.getKey()));
      }
    }
    sorted.forEach(child -> child.getValue().display(prefix + Step.display(child.getKey()), paths));
  }

  /** FieldsV1, keys in the order of their text as Go writes maps. */
  ObjectNode toJson() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    children.forEach(
        (step, set) -> {
          ObjectNode below = set.toJson();
          if (set.member && !below.isEmpty()) {
            ObjectNode self = JsonNodeFactory.instance.objectNode();
            self.putObject(".");
            below = self.setAll(below);
          }
          json.set(step, below);
        });
    return json;
  }

  /**
   * Reads FieldsV1.
   *
   * @param ours whether we wrote it, so that its steps have our form already
   * @throws IllegalArgumentException if it is malformed
   * @throws MalformedDocumentException if what is in a step is no JSON
   */
  static FieldSet fromJson(@Nullable JsonNode json, boolean ours) {
    FieldSet set = new FieldSet();
    if (json == null) {
      return set;
    }
    if (!json.isObject()) {
      throw new IllegalArgumentException("FieldsV1 must be an object");
    }
    for (Map.Entry<String, JsonNode> field : json.properties()) {
      String key = field.getKey();
      String step = key.equals(".") ? null : ours ? key : Step.parse(key);
      if (step != null) {
        FieldSet below = fromJson(field.getValue(), ours);
        below.member = field.getValue().has(".") || below.children.isEmpty();
        set.children.merge(step, below, FieldSet::union);
      }
    }
    return set;
  }

  @Override
  public String toString() {
    return toJson().toString();
  }
}
