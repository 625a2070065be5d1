package dev.holdfast.standalone.backup;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.store.Key;
import dev.holdfast.standalone.store.Listing;
import dev.holdfast.standalone.store.StoredObject;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;

/**
 * All objects at one revision, as lines of JSON: what a running control plane answers to its
 * administrator, and what an archive has in it. The first line has the revision and how many
 * objects follow, one in a line.
 */
public final class Snapshot {
  public static final String PATH = "/snapshot";

  private Snapshot() {}

  public static void write(Listing listing, OutputStream out) throws IOException {
    ObjectNode head = Json.object();
    head.put("revision", listing.revision()).put("objects", listing.objects().size());
    out.write(Json.bytes(head));
    for (StoredObject object : listing.objects()) {
      String key = Json.text(Json.object().put("key", object.key().path()));
      String start = key.substring(0, key.length() - 1);
      out.write(
          "\n%s,\"revision\":%d,\"object\":".formatted(start, object.revision()).getBytes(UTF_8));
      out.write(object.json());
      out.write('}');
    }
    out.write('\n');
  }

  /**
   * Reads it with all revisions, those in the objects too, moved up.
   *
   * @throws IOException when it is not complete
   */
  static Listing read(InputStream in, long moveUp) throws IOException {
    BufferedReader lines = new BufferedReader(new InputStreamReader(in, UTF_8));
    ObjectNode head = line(lines);
    int count = head.path("objects").asInt();
    List<StoredObject> objects = new ArrayList<>();
    while (objects.size() < count) {
      ObjectNode line = line(lines);
      ObjectNode object = (ObjectNode) line.path("object");
      long revision = line.path("revision").asLong() + moveUp;
      object.withObject("/metadata").put("resourceVersion", Long.toString(revision));
      objects.add(
          new StoredObject(Key.parse(line.path("key").asText()), revision, Json.bytes(object)));
    }
    return new Listing(head.path("revision").asLong() + moveUp, objects);
  }

  private static ObjectNode line(BufferedReader lines) throws IOException {
    String line = lines.readLine();
    if (line == null) {
      throw new EOFException("objects are missing at its end");
    }
    return Json.trusted(line.getBytes(UTF_8));
  }
}
