package dev.holdfast.standalone.apply;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.JsonValues;
import dev.holdfast.standalone.rig.KubeRig.Answer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@link ApplyAgainstKubernetesTest} once recorded of a real API server. */
class RecordedApplyTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  @TempDir Path directory = Path.of("");

  /** A write to an object, and what the real server answered. */
  private record Recorded(String plural, String name, Write write, int status, JsonNode body) {}

  /** The line for a definition. */
  static String line(ObjectNode definition) {
    return definition.toString();
  }

  /** The line for a write. */
  static String line(String plural, String name, Write write, Answer answer) {
    return MAPPER
        .valueToTree(new Recorded(plural, name, write, answer.status(), answer.body()))
        .toString();
  }

  @Test
  void givesTheObjectsOwnersAndConflictsOfARealServer() throws IOException {
    int writes = 0;
    Map<String, ServedObject> objects = new HashMap<>();
    try (ClockedPlane plane = new ClockedPlane(directory)) {
      for (String line : lines()) {
        JsonNode json = MAPPER.readTree(line);
        if (!json.has("write")) {
          plane.install(json);
          continue;
        }
        Recorded recorded = MAPPER.treeToValue(json, Recorded.class);
        ServedObject object =
            objects.computeIfAbsent(
                recorded.plural() + "/" + recorded.name(),
                _ -> new ServedObject(plane.client(), recorded.plural(), recorded.name()));
        plane.standAt(recorded.body());
        ObjectNode wanted = ServedObject.comparable(new Answer(recorded.status(), recorded.body()));
        ObjectNode got = ServedObject.comparable(object.send(recorded.write()));
        assertThat(JsonValues.equal(wanted, got))
            .as("%s%nwanted %s%ngot    %s", recorded.write(), wanted, got)
            .isTrue();
        writes++;
      }
    }
    assertThat(writes).isGreaterThan(200);
  }

  private List<String> lines() throws IOException {
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(
                new GZIPInputStream(
                    Objects.requireNonNull(getClass().getResourceAsStream("recorded.jsonl.gz"))),
                UTF_8))) {
      return reader.lines().toList();
    }
  }
}
