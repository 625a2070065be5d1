package dev.holdfast.standalone.torture;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.Base64;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** One object, written by one writer: what it must be, and what it may be. */
final class Slot {
  static final String CONFIG_MAPS = "/api/v1/namespaces/default/configmaps";
  static final String SECRETS = "/api/v1/namespaces/default/secrets";

  final String collection;
  final String name;
  private @Nullable Version acknowledged;
  private @Nullable Version seen;
  private boolean unknown;
  private @Nullable String wanted;

  /**
   * @param text null for a deletion
   */
  record Version(long revision, @Nullable String text) {}

  Slot(String collection, String name) {
    this.collection = collection;
    this.name = name;
  }

  /**
   * Creates, changes or deletes it.
   *
   * @return the revision of the write, 0 where the answer does not tell it
   * @throws IOException when it is unknown whether it was written
   */
  long write(Api api, Random random) throws IOException {
    String path = collection + "/" + name;
    Version before = acknowledged;
    String text = random.nextLong() + "x".repeat(random.nextInt(20) == 0 ? 20_000 : 300);
    unknown = true;
    if (before == null) {
      wanted = text;
      return acknowledge(201, api.send("POST", collection, Api.JSON, body(text)));
    }
    if (random.nextInt(4) == 0) {
      wanted = null;
      Api.Answer answer = api.send("DELETE", path, Api.JSON, null);
      assertThat(answer.status()).as("%s", answer.body()).isEqualTo(200);
      acknowledged = null;
      unknown = false;
      return 0;
    }
    wanted = text;
    ObjectNode body = body(text);
    body.withObject("/metadata").put("resourceVersion", Long.toString(before.revision()));
    return acknowledge(200, api.send("PUT", path, Api.JSON, body));
  }

  private long acknowledge(int expected, Api.Answer answer) {
    assertThat(answer.status()).as("%s: %s", name, answer.body()).isEqualTo(expected);
    acknowledged = new Version(answer.revision(), text(answer.body()));
    assertThat(acknowledged.text()).isEqualTo(wanted);
    unknown = false;
    return answer.revision();
  }

  private ObjectNode body(String text) {
    boolean secret = collection.equals(SECRETS);
    ObjectNode object =
        Api.object().put("apiVersion", "v1").put("kind", secret ? "Secret" : "ConfigMap");
    object.putObject("metadata").put("name", name).putObject("labels").put("test", "kill");
    object
        .putObject("data")
        .put("text", secret ? Base64.getEncoder().encodeToString(text.getBytes(UTF_8)) : text);
    return object;
  }

  private String text(JsonNode object) {
    String text = object.path("data").path("text").asText();
    return collection.equals(SECRETS) ? new String(Base64.getDecoder().decode(text), UTF_8) : text;
  }

  /** Takes what a watcher was told: it may not be undone. */
  void see(String type, JsonNode object) {
    seen = new Version(Api.revisionOf(object), type.equals("DELETED") ? null : text(object));
  }

  /**
   * Looks at what is there after a crash.
   *
   * @param object null when it is not there
   * @return whether a write was there that had not been acknowledged
   */
  boolean judge(@Nullable JsonNode object) {
    Version found = object == null ? null : new Version(Api.revisionOf(object), text(object));
    boolean more = false;
    if (unknown && found == null && wanted == null) {
      more = acknowledged != null;
    } else if (unknown && found != null && found.text().equals(wanted)) {
      more = true;
      assertThat(found.revision())
          .isGreaterThan(acknowledged == null ? 0 : acknowledged.revision());
    } else {
      assertThat(found).as("%s/%s, wanted %s", collection, name, wanted).isEqualTo(acknowledged);
    }
    Version told = seen;
    if (told != null && told.text() == null) {
      assertThat(found == null || found.revision() > told.revision()).as("%s", told).isTrue();
    } else if (told != null && found != null) {
      assertThat(found.revision()).as("%s", told).isGreaterThanOrEqualTo(told.revision());
    } // else: deleted after what the watcher was told, as judged above
    acknowledged = found;
    unknown = false;
    return more;
  }
}
