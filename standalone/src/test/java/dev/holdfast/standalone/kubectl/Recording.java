package dev.holdfast.standalone.kubectl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What every kubectl gave on a real server. A line of recorded.jsonl is an invocation with its
 * different answers, each with the minor versions of kubectl that gave it.
 *
 * @param answers by minor version, then by scenario and line
 */
record Recording(Map<Integer, Map<String, Answer>> answers) {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  static Recording read() throws IOException {
    Map<Integer, Map<String, Answer>> answers = new TreeMap<>();
    try (InputStream in =
        Objects.requireNonNull(Recording.class.getResourceAsStream("recorded.jsonl"))) {
      for (JsonNode line : MAPPER.readerFor(JsonNode.class).<JsonNode>readValues(in).readAll()) {
        for (JsonNode given : line.path("answers")) {
          Answer answer = MAPPER.treeToValue(given.path("answer"), Answer.class);
          given
              .path("kubectl")
              .forEach(
                  minor ->
                      answers
                          .computeIfAbsent(minor.asInt(), _ -> new LinkedHashMap<>())
                          .put(line.path("line").asText(), answer));
        }
      }
    }
    return new Recording(answers);
  }

  void write(Path file) throws IOException {
    SortedSet<String> lines = new TreeSet<>();
    answers.values().forEach(each -> lines.addAll(each.keySet()));
    List<String> recorded = new ArrayList<>();
    for (String line : lines) {
      Map<Answer, ArrayNode> different = new LinkedHashMap<>();
      answers.forEach(
          (minor, each) -> {
            if (each.containsKey(line)) {
              different.computeIfAbsent(each.get(line), _ -> MAPPER.createArrayNode()).add(minor);
            }
          });
      ObjectNode shown = MAPPER.createObjectNode().put("line", line);
      ArrayNode list = shown.putArray("answers");
      different.forEach(
          (answer, minors) ->
              list.addObject()
                  .<ObjectNode>set("kubectl", minors)
                  .set("answer", MAPPER.valueToTree(answer)));
      recorded.add(shown.toString());
    }
    Files.write(file, recorded);
  }
}
