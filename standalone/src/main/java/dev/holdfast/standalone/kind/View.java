package dev.holdfast.standalone.kind;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.Map;

/**
 * Translates between the version that is stored and the one that is served; in place.
 *
 * @param fields names of fields that differ: those that are served, and those that are stored
 */
public record View(String storedApiVersion, String servedApiVersion, Map<String, String> fields) {

  public void toServed(ObjectNode stored) {
    fields.forEach((served, from) -> rename(stored, from, served));
    if (!fields.isEmpty()) { // what one Go type can't leave out, the other does
      stored.properties().removeIf(field -> field.getValue().equals(TextNode.valueOf("")));
    }
    stored.put("apiVersion", servedApiVersion);
  }

  public void toStored(ObjectNode served) {
    fields.forEach((from, stored) -> rename(served, from, stored));
    served.put("apiVersion", storedApiVersion);
  }

  private static void rename(ObjectNode object, String from, String to) {
    JsonNode value = object.remove(from);
    if (value != null) {
      object.set(to, value);
    }
  }
}
