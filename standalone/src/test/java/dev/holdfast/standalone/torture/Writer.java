package dev.holdfast.standalone.torture;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.function.BooleanSupplier;

/** Creates, changes and deletes things of its own in every way there is. */
final class Writer implements Callable<List<Writer.Written>> {
  private static final int THINGS = 25;
  private static final List<String> TIERS = List.of("gold", "silver", "tin");
  private static final List<String> NODES = List.of("n1", "n2", "n3");

  private final Api api;
  private final String name;
  private final Random random;
  private final BooleanSupplier enough;
  private final Map<String, JsonNode> present = new HashMap<>();
  private final List<Written> written = new ArrayList<>();
  private int n;

  /**
   * An acknowledged write.
   *
   * @param revision 0 for a deletion, whose answer does not tell it
   */
  record Written(String key, long revision, int content) {}

  Writer(Api api, String name, Random random, BooleanSupplier enough) {
    this.api = api;
    this.name = name;
    this.random = random;
    this.enough = enough;
  }

  @Override
  public List<Written> call() throws IOException {
    while (!enough.getAsBoolean()) {
      int i = random.nextInt(THINGS);
      writeOne(i % 2 == 0 ? "first" : "second", name + "-" + i);
    }
    return written;
  }

  private void writeOne(String namespace, String thing) throws IOException {
    String collection = Thing.PATH + "namespaces/" + namespace + "/things";
    String path = collection + "/" + thing;
    JsonNode before = present.get(path);
    ObjectNode body =
        Thing.body(namespace, thing, any(TIERS), random.nextInt(5) == 0, any(NODES), ++n);
    int way = random.nextInt(10);
    if (before == null) {
      if (way < 7) {
        acknowledge(path, 201, api.send("POST", collection, Api.JSON, body));
      } else {
        acknowledge(path, 201, apply(path, body));
      }
    } else if (way < 2) {
      Api.Answer answer = api.send("DELETE", path, Api.JSON, null);
      assertThat(answer.status()).as("DELETE %s: %s", path, answer.body()).isEqualTo(200);
      written.add(new Written(namespace + "/" + thing, 0, 0));
      present.remove(path);
    } else if (way < 6) {
      body.withObject("/metadata").put("resourceVersion", Long.toString(Api.revisionOf(before)));
      acknowledge(path, 200, api.send("PUT", path, Api.JSON, body));
    } else if (way < 8) {
      body.withObject("/metadata/labels").putNull(random.nextBoolean() ? "tier" : "retired");
      acknowledge(path, 200, api.send("PATCH", path, "application/merge-patch+json", body));
    } else {
      acknowledge(path, 200, apply(path, body));
    }
  }

  private Api.Answer apply(String path, ObjectNode body) throws IOException {
    return api.send(
        "PATCH",
        path + "?fieldManager=" + name + "&force=true",
        "application/apply-patch+yaml",
        body);
  }

  private void acknowledge(String path, int expected, Api.Answer answer) {
    assertThat(answer.status()).as("%s: %s", path, answer.body()).isEqualTo(expected);
    Thing thing = Thing.of(answer.body());
    written.add(new Written(thing.key(), answer.revision(), thing.content()));
    present.put(path, answer.body());
  }

  private <T> T any(List<T> values) {
    return values.get(random.nextInt(values.size()));
  }
}
