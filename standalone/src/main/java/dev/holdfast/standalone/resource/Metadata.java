package dev.holdfast.standalone.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Reads and writes {@code metadata} of objects. */
public final class Metadata {
  /** Finalizer of a foreground deletion, removed by the garbage collector. */
  public static final String FOREGROUND = "foregroundDeletion";

  /** Finalizer of a deletion that leaves dependents, removed by the garbage collector. */
  public static final String ORPHAN = "orphan";

  /** What a client can't change. */
  static final List<String> SYSTEM_FIELDS =
      List.of(
          "name",
          "namespace",
          "creationTimestamp",
          "deletionTimestamp",
          "deletionGracePeriodSeconds",
          "generation",
          "resourceVersion",
          "selfLink");

  // Without vowels, 0, 1 and 3, so that no words come out: k8s.io/apimachinery/pkg/util/rand.
  private static final String SUFFIX = "bcdfghjklmnpqrstvwxz2456789";
  private static final int SUFFIX_LENGTH = 5;
  private static final int MAX_BASE = 63 - SUFFIX_LENGTH;
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

  /** The object, changed in place, without one of its finalizers. */
  public static ObjectNode withoutFinalizer(ObjectNode object, String finalizer) {
    setFinalizers(
        object, finalizers(object).stream().filter(name -> !name.equals(finalizer)).toList());
    return object;
  }

  public static boolean terminating(JsonNode object) {
    return Json.at(object, "metadata").hasNonNull("deletionTimestamp");
  }

  public static void setResourceVersion(ObjectNode object, long revision) {
    of(object).put("resourceVersion", Long.toString(revision));
  }

  /** Copies a field of the metadata, or removes it where the source has none. */
  static void copy(ObjectNode from, ObjectNode to, String field) {
    copyField(of(from), of(to), field);
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
    return RANDOM
        .ints(SUFFIX_LENGTH, 0, SUFFIX.length())
        .mapToObj(at -> SUFFIX.substring(at, at + 1))
        .collect(Collectors.joining("", base.substring(0, Math.min(base.length(), MAX_BASE)), ""));
  }

  /**
   * Whether two states of an object say the same: another resourceVersion, or another time of a
   * write in managedFields, alone is no change.
   */
  static boolean sameContents(ObjectNode one, ObjectNode other) {
    return equalBut(one, other, Set.of("metadata"))
        && equalBut(of(one), of(other), Set.of("resourceVersion", "managedFields"))
        && managers(one).equals(managers(other));
  }

  /** Whether two objects have the same fields, those aside that are named. */
  static boolean equalBut(ObjectNode one, ObjectNode other, Set<String> aside) {
    return Stream.of(one, other)
        .flatMap(object -> object.properties().stream())
        .map(Map.Entry::getKey)
        .allMatch(
            field -> aside.contains(field) || Objects.equals(one.get(field), other.get(field)));
  }

  private static List<JsonNode> managers(ObjectNode object) {
    return of(object)
        .path("managedFields")
        .valueStream()
        .map(
            entry -> entry instanceof ObjectNode fields ? fields.deepCopy().without("time") : entry)
        .toList();
  }
}
