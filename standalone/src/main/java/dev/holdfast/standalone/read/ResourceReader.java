package dev.holdfast.standalone.read;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.resource.ApiException;
import dev.holdfast.standalone.resource.Target;
import dev.holdfast.standalone.store.Listing;
import dev.holdfast.standalone.store.ObjectStore;
import dev.holdfast.standalone.store.StoreException;
import dev.holdfast.standalone.store.StoredObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** Gets, lists and watches. */
public final class ResourceReader {
  private static final Duration FUTURE_PATIENCE = Duration.ofSeconds(3);
  private static final ObjectMapper TOKENS = new ObjectMapper();

  private final ObjectStore store;

  public ResourceReader(ObjectStore store) {
    this.store = store;
  }

  /** The object; at least as new as the resourceVersion says, where one is given. */
  public StoredObject get(Target target, String resourceVersion) throws InterruptedException {
    awaitRevision(revision(resourceVersion));
    StoredObject stored = store.get(target.key());
    if (stored == null || !hasSubresource(target)) {
      throw ApiException.notFound(target.type(), target.name());
    }
    return stored;
  }

  private static boolean hasSubresource(Target target) {
    return target.subresource().isEmpty() || (target.isStatus() && target.type().hasStatus());
  }

  /**
   * Prepares a watch.
   *
   * @param namespace empty for all namespaces
   */
  public WatchFeed watch(ResourceType type, String namespace, ListOptions options) {
    return new WatchFeed(store, type, namespace, options);
  }

  public Page list(ResourceType type, String namespace, ListOptions options)
      throws InterruptedException {
    Listing listing;
    String start = "";
    if (!options.continueToken().isEmpty()) {
      if (!options.resourceVersion().isEmpty()) {
        throw ApiException.badRequest(
            "specifying resource version is not allowed when using continue");
      }
      JsonNode token = token(options.continueToken());
      start = token.path("start").asText();
      listing = listAt(type, namespace, token.path("rv").asLong());
    } else {
      long asked = revision(options.resourceVersion());
      awaitRevision(asked);
      listing =
          options.match().equals("Exact")
              ? listAt(type, namespace, asked)
              : store.list(type.range(namespace));
    }
    return page(type, listing, start, options);
  }

  private Listing listAt(ResourceType type, String namespace, long revision) {
    try {
      return store.listAt(type.range(namespace), revision);
    } catch (StoreException.Compacted e) {
      throw ApiException.of(
          410, "Expired", "The resourceVersion for the provided list is too old.");
    }
  }

  private static Page page(ResourceType type, Listing listing, String start, ListOptions options) {
    List<StoredObject> objects = new ArrayList<>();
    String last = "";
    long remaining = 0;
    for (StoredObject object : listing.objects()) {
      String position = position(object);
      if (!start.isEmpty() && position.compareTo(start) < 0) {
        continue;
      }
      if (options.limit() > 0 && objects.size() == options.limit()) {
        if (options.selection().everything() || matches(type, object, options)) {
          remaining++;
        }
      } else if (options.selection().everything() || matches(type, object, options)) {
        objects.add(object);
        last = position;
      }
    }
    String next = remaining > 0 ? token(listing.revision(), last + "\0") : "";
    return new Page(
        listing.revision(),
        objects,
        next,
        options.selection().everything() && remaining > 0 ? remaining : -1);
  }

  private static boolean matches(ResourceType type, StoredObject object, ListOptions options) {
    return options.selection().predicate().test(Target.served(type, object.json()));
  }

  private static String position(StoredObject object) {
    String namespace = object.key().namespace();
    return namespace.isEmpty() ? object.key().name() : namespace + "/" + object.key().name();
  }

  private static String token(long revision, String start) {
    ObjectNode token = Json.object().put("v", "meta.k8s.io/v1").put("rv", revision);
    token.put("start", start);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(Json.bytes(token));
  }

  private static JsonNode token(String encoded) {
    byte[] bytes;
    try {
      bytes = Base64.getUrlDecoder().decode(encoded);
    } catch (IllegalArgumentException e) {
      throw badToken("illegal base64 data");
    }
    try {
      return TOKENS.readTree(bytes);
    } catch (JsonProcessingException e) {
      String first = new String(bytes, 0, Math.min(1, bytes.length), StandardCharsets.ISO_8859_1);
      String shown =
          first.isEmpty() || first.charAt(0) < 0x7f
              ? first
              : "\\x" + Integer.toHexString(first.charAt(0));
      throw badToken("invalid character '" + shown + "' looking for beginning of value");
    } catch (IOException e) {
      throw badToken(String.valueOf(e.getMessage()));
    }
  }

  private static ApiException badToken(String why) {
    return ApiException.badRequest("invalid continue token: continue key is not valid: " + why);
  }

  private static long revision(String text) {
    if (text.isEmpty()) {
      return 0;
    }
    try {
      return Long.parseUnsignedLong(text);
    } catch (NumberFormatException e) {
      throw ApiException.badRequest(
          "invalid resource version: resourceVersion: Invalid value: \""
              + text
              + "\": strconv.ParseUint: parsing \""
              + text
              + "\": invalid syntax");
    }
  }

  private void awaitRevision(long revision) throws InterruptedException {
    if (revision > 0 && !store.await(revision, FUTURE_PATIENCE)) {
      throw ApiException.tooLargeResourceVersion(revision, store.revision());
    }
  }
}
