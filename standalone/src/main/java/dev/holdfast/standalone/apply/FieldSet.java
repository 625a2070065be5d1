package dev.holdfast.standalone.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.schema.FieldType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A set of field paths, as a tree. A path may be a member without its parent or its children being
 * one. Operations give new sets that share subtrees, so {@link #insert} is only for a set that
 * nobody else has seen yet.
 */
final class FieldSet {
  private final TreeSet<PathElement> members = new TreeSet<>();
  private final TreeMap<PathElement, FieldSet> children = new TreeMap<>();

  /** A set of plain field paths, dots between the names. */
  static FieldSet ofFields(String... paths) {
    FieldSet set = new FieldSet();
    for (String path : paths) {
      List<PathElement> elements = new ArrayList<>();
      for (String name : path.split("\\.", -1)) {
        elements.add(new PathElement.Field(name));
      }
      set.insert(elements);
    }
    return set;
  }

  /** Adds a path; the empty one, which is the object itself, has no owners and is left out. */
  void insert(List<PathElement> path) {
    if (path.isEmpty()) {
      return;
    }
    FieldSet node = this;
    for (PathElement element : path.subList(0, path.size() - 1)) {
      node = node.children.computeIfAbsent(element, _ -> new FieldSet());
    }
    node.members.add(path.getLast());
  }

  boolean isEmpty() {
    return members.isEmpty() && children.values().stream().allMatch(FieldSet::isEmpty);
  }

  boolean has(PathElement element) {
    return members.contains(element);
  }

  boolean has(List<PathElement> path) {
    FieldSet node = this;
    for (PathElement element : path.subList(0, path.size() - 1)) {
      node = node.below(element);
    }
    return node.has(path.getLast());
  }

  /** The paths under one element, without it. */
  FieldSet below(PathElement element) {
    FieldSet child = children.get(element);
    return child == null ? new FieldSet() : child;
  }

  FieldSet union(FieldSet other) {
    FieldSet result = new FieldSet();
    result.members.addAll(members);
    result.members.addAll(other.members);
    result.children.putAll(children);
    other.children.forEach((element, set) -> result.children.merge(element, set, FieldSet::union));
    return result;
  }

  FieldSet intersection(FieldSet other) {
    FieldSet result = new FieldSet();
    result.members.addAll(members);
    result.members.retainAll(other.members);
    children.forEach(
        (element, set) -> result.putChild(element, set.intersection(other.below(element))));
    return result;
  }

  /** The members that are not in {@code other}; children of what is in it stay. */
  FieldSet difference(FieldSet other) {
    FieldSet result = new FieldSet();
    result.members.addAll(members);
    other.members.forEach(result.members::remove);
    children.forEach(
        (element, set) -> {
          FieldSet toRemove = other.children.get(element);
          result.putChild(element, toRemove == null ? set : set.difference(toRemove));
        });
    return result;
  }

  /** Without the members of {@code other} and all that is below them. */
  FieldSet without(FieldSet other) {
    FieldSet result = new FieldSet();
    result.members.addAll(members);
    other.members.forEach(result.members::remove);
    children.forEach(
        (element, set) -> {
          if (!other.has(element)) {
            result.putChild(element, set.without(other.below(element)));
          }
        });
    return result;
  }

  /** With every named field of a struct that has members below it. */
  FieldSet withNamedFields(FieldType type) {
    FieldSet result = new FieldSet();
    result.members.addAll(members);
    children.forEach(
        (element, set) -> {
          FieldType childType = new FieldType.Deduced();
          if (element instanceof PathElement.Field(String name)
              && type instanceof FieldType.Struct struct) {
            if (struct.fields().containsKey(name)) {
              result.members.add(element);
            }
            childType = struct.field(name);
          } else if (element instanceof PathElement.Key
              && type instanceof FieldType.Sequence sequence) {
            childType = sequence.item();
          }
          result.children.put(element, set.withNamedFields(childType));
        });
    return result;
  }

  /** Visits all paths, members of a node before what is below it. The path is the visitor's own. */
  void forEach(Consumer<List<PathElement>> visitor) {
    visit(List.of(), visitor);
  }

  private void visit(List<PathElement> prefix, Consumer<List<PathElement>> visitor) {
    members.forEach(element -> visitor.accept(append(prefix, element)));
    children.forEach((element, set) -> set.visit(append(prefix, element), visitor));
  }

  private static List<PathElement> append(List<PathElement> prefix, PathElement element) {
    List<PathElement> path = new ArrayList<>(prefix.size() + 1);
    path.addAll(prefix);
    path.add(element);
    return path;
  }

  private void putChild(PathElement element, FieldSet set) {
    if (!set.isEmpty()) {
      children.put(element, set);
    }
  }

  /** FieldsV1, keys in the order of their text as Go writes maps. */
  ObjectNode toJson() {
    return toJson(false);
  }

  private ObjectNode toJson(boolean isMember) {
    Map<String, ObjectNode> fields = new TreeMap<>();
    if (isMember) {
      fields.put(".", JsonNodeFactory.instance.objectNode());
    }
    for (PathElement element : members) {
      fields.put(element.serialised(), JsonNodeFactory.instance.objectNode());
    }
    children.forEach(
        (element, set) -> fields.put(element.serialised(), set.toJson(members.contains(element))));
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    fields.forEach(json::set);
    return json;
  }

  /**
   * Reads FieldsV1.
   *
   * @throws IllegalArgumentException if it is malformed
   */
  static FieldSet fromJson(@Nullable JsonNode json) {
    FieldSet set = new FieldSet();
    if (json == null) {
      return set;
    }
    if (!json.isObject()) {
      throw new IllegalArgumentException("FieldsV1 must be an object");
    }
    json.properties()
        .forEach(
            entry -> {
              if (!entry.getKey().equals(".")) {
                PathElement.parse(entry.getKey())
                    .ifPresent(element -> set.read(element, entry.getValue()));
              }
            });
    return set;
  }

  private void read(PathElement element, JsonNode content) {
    FieldSet below = fromJson(content);
    if (content.has(".") || below.isEmpty()) {
      members.add(element);
    }
    putChild(element, below);
  }

  @Override
  public String toString() {
    return toJson().toString();
  }
}
