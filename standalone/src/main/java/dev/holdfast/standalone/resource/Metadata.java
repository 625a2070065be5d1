package dev.holdfast.standalone.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads and writes {@code metadata} of objects. */
public final class Metadata {
  /** Finalizer of a foreground deletion, removed by the garbage collector. */
  public static final String FOREGROUND = "foregroundDeletion";

  /** Finalizer of a deletion that leaves dependents, removed by the garbage collector. */
  public static final String ORPHAN = "orphan";

  // Without vowels, 0, 1 and 3, so that no words come out: k8s.io/apimachinery/pkg/util/rand.
  private static final String SUFFIX = "bcdfghjklmnpqrstvwxz2456789";
  private static final int SUFFIX_LENGTH = 5;
  private static final int MAX_GENERATED = 63;
  private static final SecureRandom RANDOM = new SecureRandom();

  private Metadata() {}

  public static ObjectNode of(ObjectNode object) {
    return object.get("metadata") instanceof ObjectNode metadata
        ? metadata
        : object.putObject("metadata");
  }

  public static String name(JsonNode object) {
    return Json.textAt(object, "metadata", "name");
  }

  public static String namespace(JsonNode object) {
    return Json.textAt(object, "metadata", "namespace");
  }

  public static String uid(JsonNode object) {
    return Json.textAt(object, "metadata", "uid");
  }

  public static String resourceVersion(JsonNode object) {
    return Json.textAt(object, "metadata", "resourceVersion");
  }

  public static List<String> finalizers(JsonNode object) {
    return Json.textsAt(object, "metadata", "finalizers");
  }

  /** Sets the finalizers; an empty list leaves none, as the real server writes it. */
  public static void setFinalizers(ObjectNode object, List<String> finalizers) {
    ObjectNode metadata = of(object);
    if (finalizers.isEmpty()) {
      metadata.remove("finalizers");
    } else {
      ArrayNode list = metadata.putArray("finalizers");
      finalizers.forEach(list::add);
    }
  }

  public static boolean terminating(JsonNode object) {
    return Json.at(object, "metadata").hasNonNull("deletionTimestamp");
  }

  public static void setResourceVersion(ObjectNode object, long revision) {
    of(object).put("resourceVersion", Long.toString(revision));
  }

  /** Copies a field of the metadata, or removes it where the source has none. */
  static void copy(ObjectNode from, ObjectNode to, String field) {
    JsonNode value = of(from).get(field);
    if (value == null) {
      of(to).remove(field);
    } else {
      of(to).set(field, value);
    }
  }

  /** Copies a field of an object, or removes it where the source has none. */
  static void copyField(ObjectNode from, ObjectNode to, String field) {
    JsonNode value = from.get(field);
    if (value == null) {
      to.remove(field);
    } else {
      to.set(field, value);
    }
  }

  static void nextGeneration(ObjectNode object) {
    ObjectNode metadata = of(object);
    metadata.set("generation", Json.number(metadata.path("generation").asLong() + 1));
  }

  /** A time as metadata has it: RFC 3339 in whole seconds, UTC. */
  public static String time(Instant instant) {
    return instant.truncatedTo(ChronoUnit.SECONDS).toString();
  }

  /** A name that nothing has yet, most probably; the caller must still find out. */
  static String generateName(String base) {
    StringBuilder name =
        new StringBuilder(
            base.substring(0, Math.min(base.length(), MAX_GENERATED - SUFFIX_LENGTH)));
    for (int i = 0; i < SUFFIX_LENGTH; i++) {
      name.append(SUFFIX.charAt(RANDOM.nextInt(SUFFIX.length())));
    }
    return name.toString();
  }

  /**
   * Whether two states of an object say the same: another resourceVersion, or another time of a
   * write in managedFields, alone is no change.
   */
  static boolean sameContents(ObjectNode one, ObjectNode other) {
    return contents(one).equals(contents(other));
  }

  private static ObjectNode contents(ObjectNode object) {
    ObjectNode copy = object.deepCopy();
    of(copy).remove("resourceVersion");
    for (JsonNode entry : of(copy).path("managedFields")) {
      if (entry instanceof ObjectNode fields) {
        fields.remove("time");
      }
    }
    return copy;
  }

  /** The reference of an object's owners that has this uid, or null. */
  static @Nullable ObjectNode ownerReference(ObjectNode object, String uid) {
    for (JsonNode reference : Json.at(object, "metadata", "ownerReferences")) {
      if (reference instanceof ObjectNode found && found.path("uid").asText().equals(uid)) {
        return found;
      }
    }
    return null;
  }
}
