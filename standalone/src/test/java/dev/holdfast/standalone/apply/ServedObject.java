package dev.holdfast.standalone.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.JsonValues;
import dev.holdfast.standalone.rig.KubeRig;
import dev.holdfast.standalone.rig.KubeRig.Answer;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** One object at one server, through all writes. */
final class ServedObject {
  /** Stands in a write's metadata for what the server last said. */
  static final String LIVE = "LIVE";

  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final List<String> OF_ONE_SERVER = List.of("uid", "resourceVersion");

  private final KubernetesClient client;
  private final String plural;
  private final String name;
  private @Nullable ObjectNode live;

  ServedObject(KubernetesClient client, String plural, String name) {
    this.client = client;
    this.plural = plural;
    this.name = name;
  }

  static String collection(String version, String plural) {
    return "/apis/" + RandomKind.GROUP + "/" + version + "/namespaces/default/" + plural;
  }

  /** Sends it and remembers the object that it makes. */
  Answer send(Write write) {
    String path = collection(write.version(), plural);
    if (write.verb() != Write.Verb.CREATE) {
      path += "/" + name + (write.subresource().isEmpty() ? "" : "/" + write.subresource());
    }
    boolean bodyless = write.verb() == Write.Verb.GET || write.verb() == Write.Verb.DELETE;
    Answer answer =
        KubeRig.send(
            client,
            write.verb().method,
            path + "?" + write.query() + (write.dryRun() ? "&dryRun=All" : ""),
            write.verb().contentType,
            bodyless ? null : filled(write.body()));
    if (answer.status() < 300 && !write.dryRun()) {
      boolean there = !answer.body().path("kind").asText().equals("Status") && !gone(answer.body());
      live = there ? (ObjectNode) answer.body() : null;
    }
    return answer;
  }

  /** Null when there is none. */
  @Nullable ObjectNode live() {
    return live;
  }

  /** The last finalizer takes a terminating object with it. */
  private static boolean gone(JsonNode object) {
    JsonNode metadata = object.path("metadata");
    return metadata.has("deletionTimestamp") && metadata.path("finalizers").isEmpty();
  }

  private JsonNode filled(JsonNode body) {
    JsonNode copy = body.deepCopy();
    if (copy.path("metadata") instanceof ObjectNode metadata) {
      for (String field : OF_ONE_SERVER) {
        if (metadata.path(field).asText().equals(LIVE)) {
          metadata.set(field, Objects.requireNonNull(live).path("metadata").path(field));
        }
      }
    }
    return copy;
  }

  /** An answer without what no two servers have in common. */
  static ObjectNode comparable(Answer answer) {
    ObjectNode result = MAPPER.createObjectNode().put("code", answer.status());
    if (answer.body().path("kind").asText().equals("Status")) {
      result.put("reason", answer.body().path("reason").asText());
      if (answer.status() == 409) {
        result.put("message", answer.body().path("message").asText());
      }
      List<JsonNode> causes = new ArrayList<>();
      for (JsonNode cause : answer.body().path("details").path("causes")) {
        boolean wholeObject = cause.path("field").asText().equals("patch");
        causes.add(wholeObject ? ((ObjectNode) cause).without("message") : cause);
      }
      causes.sort(JsonValues::compare);
      result.set("causes", MAPPER.createArrayNode().addAll(causes));
    } else {
      result.set("object", comparable(answer.body()));
    }
    return result;
  }

  private static JsonNode comparable(JsonNode object) {
    ObjectNode copy = object.deepCopy();
    if (copy.path("metadata") instanceof ObjectNode metadata) {
      metadata.remove(OF_ONE_SERVER);
      metadata.remove(List.of("creationTimestamp", "deletionTimestamp"));
      List<JsonNode> entries = new ArrayList<>();
      for (JsonNode entry : metadata.path("managedFields")) {
        ObjectNode plain = entry.deepCopy();
        plain.put("time", entry.has("time"));
        entries.add(plain);
      }
      entries.sort(Comparator.comparing(ServedObject::identity));
      ArrayNode sorted = MAPPER.createArrayNode().addAll(entries);
      metadata.set("managedFields", sorted);
    }
    return copy;
  }

  private static String identity(JsonNode entry) {
    return entry.path("manager")
        + "/"
        + entry.path("operation")
        + "/"
        + entry.path("apiVersion")
        + "/"
        + entry.path("subresource");
  }
}
