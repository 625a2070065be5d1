package dev.holdfast.standalone.read;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.json.MalformedDocumentException;
import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.resource.ApiException;
import dev.holdfast.standalone.resource.Target;
import dev.holdfast.standalone.store.Listing;
import dev.holdfast.standalone.store.ObjectStore;
import dev.holdfast.standalone.store.StoreException;
import dev.holdfast.standalone.store.StoredObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.function.Function;

/** Gets, lists and watches. */
public final class ResourceReader {
  private static final Duration FUTURE_PATIENCE = Duration.ofSeconds(3);

  private final ObjectStore store;

  public ResourceReader(ObjectStore store) {
    this.store = store;
  }

  /** The object; at least as new as the resourceVersion says, where one is given. */
  public StoredObject get(Target target, String resourceVersion) throws InterruptedException {
    await(resourceVersion);
    StoredObject stored = store.get(target.key());
    boolean readable = target.subresource().isEmpty() || target.isStatus();
    if (stored == null || !readable) {
      throw ApiException.notFound(target.type(), target.name());
    }
    return stored;
  }

  /**
   * Prepares a watch.
   *
   * @param namespace empty for all namespaces
   */
  public WatchFeed watch(ResourceType type, String namespace, ListOptions options) {
    return new WatchFeed(store, type, namespace, options);
  }

  /**
   * One page of a list.
   *
   * @param namespace empty for all namespaces
   */
  public Page list(ResourceType type, String namespace, ListOptions options)
      throws InterruptedException {
    if (options.continueToken().isEmpty()) {
      long asked = await(options.resourceVersion());
      return page(
          options.match().equals("Exact")
              ? listAt(type, namespace, asked)
              : store.list(type.range(namespace)),
          "",
          options);
    }
    if (!options.resourceVersion().isEmpty()) {
      throw ApiException.badRequest(
          "specifying resource version is not allowed when using continue");
    }
    JsonNode token = token(options.continueToken());
    Listing listing = listAt(type, namespace, token.path("rv").asLong());
    return page(listing, Json.textAt(token, "start"), options);
  }

  private Listing listAt(ResourceType type, String namespace, long revision) {
    try {
      return store.listAt(type.range(namespace), revision);
    } catch (StoreException.Compacted e) {
      throw ApiException.of(
          410, "Expired", "The resourceVersion for the provided list is too old.");
    }
  }

  private static Page page(Listing listing, String start, ListOptions options) {
    Selection selection = options.selection();
    List<StoredObject> objects = new ArrayList<>();
    long remaining = 0;
    for (StoredObject object : listing.objects()) {
      if ((start.isEmpty() || object.key().path().compareTo(start) >= 0)
          && selection.selects(object)) {
        if (options.limit() > 0 && objects.size() == options.limit()) {
          remaining++;
        } else {
          objects.add(object);
        }
      }
    }
    return remaining == 0
        ? new Page(listing.revision(), objects, "", -1)
        : new Page(
            listing.revision(),
            objects,
            token(listing.revision(), objects.getLast().key().path() + "\0"),
            selection.everything() ? remaining : -1);
  }

  private static String token(long revision, String start) {
    ObjectNode token = Json.object().put("v", "meta.k8s.io/v1").put("rv", revision);
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(Json.bytes(token.put("start", start)));
  }

  // As Go counts: the first character of another alphabet, else the last one, which is left over.
  private static int firstIllegal(String encoded) {
    for (int i = 0; i < encoded.length(); i++) {
      if (!String.valueOf(encoded.charAt(i)).matches("[A-Za-z0-9_-]")) {
        return i;
      }
    }
    return encoded.length() - 1;
  }

  private static JsonNode token(String encoded) {
    byte[] bytes;
    try {
      bytes = Base64.getUrlDecoder().decode(encoded);
    } catch (IllegalArgumentException e) {
      throw badToken("illegal base64 data at input byte " + firstIllegal(encoded));
    }
    try {
      return Json.parse(bytes).value();
    } catch (MalformedDocumentException e) {
      int first = bytes.length == 0 ? 0 : bytes[0] & 0xff;
      String shown = first < 0x7f ? String.valueOf((char) first) : "\\x%x".formatted(first);
      throw badToken("invalid character '" + shown + "' looking for beginning of value");
    }
  }

  private static ApiException badToken(String why) {
    return ApiException.badRequest("invalid continue token: continue key is not valid: " + why);
  }

  /** Waits until a revision is reached; returns it, or 0 for an empty text. */
  private long await(String text) throws InterruptedException {
    long revision =
        revision(text, why -> ApiException.badRequest("invalid resource version: " + why));
    if (revision > 0 && !store.await(revision, FUTURE_PATIENCE)) {
      throw ApiException.tooLargeResourceVersion(revision, store.revision());
    }
    return revision;
  }

  /** The number of a revision, or 0 for an empty text. */
  static long revision(String text, Function<String, ApiException> refusal) {
    try {
      return text.isEmpty() ? 0 : Long.parseUnsignedLong(text);
    } catch (NumberFormatException e) {
      String shown = "\"" + text + "\"";
      throw refusal.apply(
          "resourceVersion: Invalid value: %1$s: strconv.ParseUint: parsing %1$s: invalid syntax"
              .formatted(shown));
    }
  }
}
