package dev.holdfast.standalone.read;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;

/**
 * One event of a watch.
 *
 * @param json the object as served; of an unchanged one the bytes as they are stored
 */
@SuppressWarnings("ArrayRecordComponent") // never compared; a copy for every watcher costs too much
public record WatchEvent(Type type, byte[] json) {
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
    return Json.trusted(json);
  }
}
