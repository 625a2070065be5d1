package dev.holdfast.standalone.http;

import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.kind.Trait;
import dev.holdfast.standalone.resource.ApiException;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The form of answer that a client wants: the first of its wishes that can be fulfilled.
 *
 * @param as empty, or Table, PartialObjectMetadata, PartialObjectMetadataList ...
 * @param version of what {@code as} names
 */
record Accept(boolean yaml, String as, String version) {
  static final Accept PLAIN = new Accept(false, "", "");

  /**
   * Chooses.
   *
   * @param header the Accept header; empty accepts everything
   * @param supported which representations other than the object itself there are
   * @throws ApiException 406 when none of the wishes can be fulfilled
   */
  static Accept choose(String header, Predicate<Accept> supported) {
    Accept accept = find(header, supported);
    if (accept == null) {
      throw ApiException.of(
          406,
          "NotAcceptable",
          "only the following media types are accepted: application/json, application/yaml,"
              + " application/vnd.kubernetes.protobuf");
    }
    return accept;
  }

  private static @Nullable Accept find(String header, Predicate<Accept> supported) {
    if (header.isBlank()) {
      return PLAIN;
    }
    for (String wish : header.split(",", -1)) {
      String[] parts = wish.strip().split(";", -1);
      String type = parts[0].strip().toLowerCase(Locale.ROOT);
      boolean yaml = type.equals("application/yaml");
      boolean json =
          type.equals("application/json") || type.equals("*/*") || type.equals("application/*");
      if (!json && !yaml) {
        continue;
      }
      Map<String, String> parameters = new HashMap<>();
      for (int i = 1; i < parts.length; i++) {
        String[] pair = parts[i].strip().split("=", 2);
        parameters.put(pair[0], pair.length == 2 ? pair[1] : "");
      }
      Accept accept =
          new Accept(yaml, parameters.getOrDefault("as", ""), parameters.getOrDefault("v", ""));
      if (accept.as().isEmpty() || supported.test(accept)) {
        return accept;
      }
    }
    return null;
  }

  /** The representations that every resource has. */
  static Accept ofResource(ResourceType type, String header) {
    Predicate<Accept> supported =
        accept ->
            accept.version().equals("v1")
                && switch (accept.as()) {
                  case "Table", "PartialObjectMetadata", "PartialObjectMetadataList" -> true;
                  default -> false;
                };
    if (!type.has(Trait.CUSTOM) && find(header, supported) == null) {
      throw ApiException.withEmptyDetails(
          406,
          "NotAcceptable",
          "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml,"
              + " application/vnd.kubernetes.protobuf, application/json;stream=watch,"
              + " application/vnd.kubernetes.protobuf;stream=watch");
    }
    return choose(header, supported);
  }

  boolean table() {
    return as.equals("Table");
  }

  boolean partial() {
    return as.startsWith("PartialObjectMetadata");
  }

  /** Whether objects are answered as they are, in JSON. */
  boolean plain() {
    return as.isEmpty() && !yaml;
  }
}
