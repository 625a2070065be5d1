package dev.holdfast.standalone.resource;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** What an object in a request must have in common with its path and with the live object. */
final class Preconditions {
  private Preconditions() {}

  /** The name and the namespace of the object are those of the path, where they are given. */
  static void requireMatchingPath(Target target, ObjectNode object) {
    String name = Metadata.name(object);
    if (!name.isEmpty() && !name.equals(target.name())) {
      throw ApiException.badRequest(
          "the name of the object ("
              + name
              + ") does not match the name on the URL ("
              + target.name()
              + ")");
    }
    requireNamespace(target, object);
  }

  static void requireUid(Target target, ObjectNode body, ObjectNode live) {
    String uid = Metadata.uid(body);
    if (!uid.isEmpty() && !uid.equals(Metadata.uid(live))) {
      throw ApiException.conflict(
          target.type(),
          target.name(),
          "StorageError: invalid object, Code: 4, Key: /registry/"
              + (target.type().group().isEmpty() ? "" : target.type().group() + "/")
              + target.type().plural()
              + "/"
              + (target.namespace().isEmpty() ? "" : target.namespace() + "/")
              + target.name()
              + ", ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in"
              + " precondition: "
              + uid
              + ", UID in object meta: "
              + Metadata.uid(live));
    }
  }

  static void requireNamespace(Target target, ObjectNode object) {
    String given = Metadata.namespace(object);
    if (!given.isEmpty() && !given.equals(target.namespace())) {
      throw ApiException.badRequest(
          "the namespace of the provided object does not match the namespace sent on the request");
    }
  }
}
