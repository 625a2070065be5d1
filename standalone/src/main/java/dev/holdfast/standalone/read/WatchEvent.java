package dev.holdfast.standalone.read;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One event of a watch.
 *
 * @param size of what it keeps from being forgotten, in bytes
 * @param stored the object as served, where that is as it is stored: one array for all watchers
 * @param made makes the object as a tree, which the caller may change
 */
@SuppressWarnings("ArrayRecordComponent") // never compared; a copy for every watcher costs too much
public record WatchEvent(
    Type type, long size, byte @Nullable [] stored, Supplier<ObjectNode> made) {
  /** What happened, as seen by one watcher with its selection. */
  public enum Type {
    ADDED,
    MODIFIED,
    DELETED,
    BOOKMARK,
    ERROR
  }

  /** The object as a tree, which the caller may change. */
  public ObjectNode object() {
    return made.get();
  }
}
