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
import dev.holdfast.standalone.store.Range;
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

  private static final int NO_LIMIT = Integer.MAX_VALUE;
  private static final int SELECT_FROM = 1_000; // objects that are looked into before more are got

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
          type.range(namespace),
          options.match().equals("Exact") ? asked : ObjectStore.PRESENT,
          "",
          options);
    }
    if (!options.resourceVersion().isEmpty()) {
      throw ApiException.badRequest(
          "specifying resource version is not allowed when using continue");
    }
    JsonNode token = token(options.continueToken());
    return page(
        type.range(namespace), token.path("rv").asLong(), Json.textAt(token, "start"), options);
  }

  private Page page(Range range, long revision, String start, ListOptions options) {
    Selection selection = options.selection();
    int limit = (int) (options.limit() > 0 ? Math.min(options.limit(), NO_LIMIT) : NO_LIMIT);
    int atOnce = selection.everything() ? limit : Math.max(limit, SELECT_FROM);
    List<StoredObject> selected = new ArrayList<>();
    Listing part = listAt(range, revision, start, atOnce);
    while (true) {
      for (StoredObject object : part.objects()) {
        if (selection.selects(object)) {
          if (selected.size() == limit) {
            return page(part.revision(), selected, -1);
          }
          selected.add(object);
        }
      }
      if (part.following() == 0) {
        return new Page(part.revision(), selected, "", -1);
      }
      if (selection.everything()) {
        return page(part.revision(), selected, part.following());
      }
      part = listAt(range, part.revision(), behind(part.objects()), atOnce);
    }
  }

  private static Page page(long revision, List<StoredObject> objects, long remaining) {
    return new Page(revision, objects, token(revision, behind(objects)), remaining);
  }

  private static String behind(List<StoredObject> objects) {
    return objects.getLast().key().path() + "\0";
  }

  private Listing listAt(Range range, long revision, String start, int most) {
    try {
      return store.list(range, revision, start, most);
    } catch (StoreException.Compacted e) {
      throw ApiException.of(
          410, "Expired", "The resourceVersion for the provided list is too old.");
    }
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
