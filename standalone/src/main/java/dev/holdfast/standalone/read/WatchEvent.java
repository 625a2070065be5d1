package dev.holdfast.standalone.read;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.resource.Target;
import org.jspecify.annotations.Nullable;

/** One event of a watch. The bytes of an unchanged object are passed on as they are stored. */
public final class WatchEvent {
  private final Type type;
  private final byte @Nullable [] raw;
  private @Nullable ObjectNode tree;

  /** What happened, as seen by one watcher with its selection. */
  public enum Type {
    ADDED,
    MODIFIED,
    DELETED,
    BOOKMARK,
    ERROR
  }

  private WatchEvent(Type type, byte @Nullable [] raw, @Nullable ObjectNode tree) {
    this.type = type;
    this.raw = raw;
    this.tree = tree;
  }

  static WatchEvent of(Type type, ObjectNode object) {
    return new WatchEvent(type, null, object);
  }

  static WatchEvent stored(Type type, ResourceType resource, byte[] json) {
    return resource.view() == null
        ? new WatchEvent(type, json, null)
        : new WatchEvent(type, null, Target.served(resource, json));
  }

  public Type type() {
    return type;
  }

  /** The object as a tree, which the caller may change. */
  public ObjectNode object() {
    ObjectNode object = tree;
    if (object == null) {
      object = raw == null ? Json.object() : Json.trusted(raw);
      tree = object;
    }
    return object;
  }

  /** The object as JSON. */
  public byte[] json() {
    return raw != null ? raw : Json.bytes(object());
  }
}
