package dev.holdfast.standalone.resource;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.kind.Trait;
import dev.holdfast.standalone.kind.View;
import dev.holdfast.standalone.store.Key;
import dev.holdfast.standalone.store.ObjectStore.Encoder;
import dev.holdfast.standalone.store.StoredObject;

/**
 * What a request is about.
 *
 * @param namespace empty for cluster-scoped resources and for all namespaces
 * @param name empty for the collection
 * @param subresource empty, or {@code status}, {@code finalize}
 */
public record Target(ResourceType type, String namespace, String name, String subresource) {

  /** A stored object. */
  public static Target of(ResourceType type, Key key) {
    return new Target(type, key.namespace(), key.name(), "");
  }

  public Key key() {
    return type.key(namespace, name);
  }

  public boolean isStatus() {
    return subresource.equals("status");
  }

  Target named(String other) {
    return new Target(type, namespace, other, subresource);
  }

  /** The tree of a stored object in the version of this resource. */
  public static ObjectNode served(ResourceType type, byte[] json) {
    ObjectNode object = Json.trusted(json);
    View view = type.view();
    if (view != null) {
      view.toServed(object);
    }
    return object;
  }

  ObjectNode served(StoredObject object) {
    return served(type, object.json());
  }

  /** Makes the bytes to store for an object of this resource's version. */
  Encoder encoder(ObjectNode object) {
    View view = type.view();
    ObjectNode stored = view == null ? object : object.deepCopy();
    if (view != null) {
      view.toStored(stored);
    }
    return revision -> {
      Metadata.setResourceVersion(stored, revision);
      return type.has(Trait.CUSTOM) && view == null ? Json.sortedBytes(stored) : Json.bytes(stored);
    };
  }
}
