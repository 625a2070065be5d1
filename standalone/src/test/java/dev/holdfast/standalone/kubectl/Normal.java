package dev.holdfast.standalone.kubectl;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Output without what differs from one run, or one server, to the next. */
final class Normal {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final ObjectMapper YAML = new YAMLMapper();
  private static final Map<Pattern, String> PATTERNS = new LinkedHashMap<>();
  private static final Comparator<JsonNode> BY_MANAGER =
      Comparator.comparing(
          entry ->
              List.of("operation", "manager", "apiVersion", "subresource").stream()
                  .map(field -> entry.path(field).asText())
                  .collect(Collectors.joining(" ")));

  static {
    replace("https://(127\\.0\\.0\\.1|localhost):\\d+", "SERVER");
    replace("\\b(127\\.0\\.0\\.1|localhost):\\d+", "SERVER");
    replace("(\"serverAddress\" ?: ?\":)\\d+", "$1PORT");
    replace("(\"storageVersionHash\" ?: ?)\"[^\"]*\"", "$1\"HASH\"");
    replace("hash=[0-9A-F]+", "hash=HASH");
    replace("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UID");
    replace("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z", "TIME");
    replace("\\w{3}, \\d\\d \\w{3} \\d{4} \\d\\d:\\d\\d:\\d\\d \\+0000", "TIME");
    replace("(?i)(resource ?version\"? ?[:=] *\"?)[1-9]\\d*", "$1REVISION");
    replace("(\"continue\" ?: ?)\"[^\"]+\"", "$1\"TOKEN\"");
    replace("\\bgen-[a-z0-9]{5}\\b", "gen-NAME");
    replace("/(LIVE|MERGED)-\\d+/", "/$1/");
    replace("(?<=manager: )\"?(kube-rig-server|holdfast-standalone)\"?", "SERVER");
    replace("kubectl-edit-\\w+", "kubectl-edit");
    // Whether kubectl notices first that its time is over, or that its connection is gone.
    replace("(?m)^[EWI]\\d{4} .*reflector.*\\n", "");
    replace("(?m)^[EWI]\\d{4} [0-9:.]+ +\\d+ [\\w.-]+\\.go:\\d+\\] ", "");
  }

  private static final Pattern AGE =
      Pattern.compile(
          "(?<=[ (]|^)(\\d+(ms|s|m|h|d)(\\d+[smhd])?|\\d+y(\\d+d)?|<invalid>)(?=[ )]|$)");
  private static final Pattern GAP = Pattern.compile(" {2,}");

  private Normal() {}

  private static void replace(String pattern, String replacement) {
    PATTERNS.put(Pattern.compile(pattern), replacement);
  }

  static String of(String output, Path folder) {
    String text = sortedTree(output.replace(folder.toString(), "FOLDER"));
    for (Map.Entry<Pattern, String> pattern : PATTERNS.entrySet()) {
      text = pattern.getKey().matcher(text).replaceAll(pattern.getValue());
    }
    return sortedCauses(text.lines().map(Normal::withoutAges).toList());
  }

  // The columns behind an age move with it.
  private static String withoutAges(String line) {
    String text = AGE.matcher(line).replaceAll("AGE");
    return text.contains("AGE") || text.contains("LAST SEEN")
        ? GAP.matcher(text).replaceAll("  ").stripTrailing()
        : text;
  }

  // A real server finds them in an order of its own.
  private static String sortedCauses(List<String> lines) {
    List<String> sorted = new ArrayList<>(lines);
    int from = 0;
    while (from < sorted.size()) {
      int to = from;
      while (to < sorted.size() && sorted.get(to).startsWith("* ")) {
        to++;
      }
      sorted.subList(from, to).sort(Comparator.naturalOrder());
      from = to + 1;
    }
    return sorted.isEmpty() ? "" : String.join("\n", sorted) + "\n";
  }

  // The fields of custom resources in raw JSON are in any order. The owners of fields are sorted by
  // time, but two writes may be of the same second or not.
  private static String sortedTree(String output) {
    ObjectMapper mapper =
        output.startsWith("{") ? JSON : output.contains("managedFields:") ? YAML : null;
    if (mapper == null) {
      return output;
    }
    try {
      JsonNode tree = mapper.readTree(output);
      for (JsonNode owners : tree.findValues("managedFields")) {
        if (owners instanceof ArrayNode array) {
          List<JsonNode> sorted = array.valueStream().sorted(BY_MANAGER).toList();
          array.removeAll();
          array.addAll(sorted);
        }
      }
      return mapper
              .writerWithDefaultPrettyPrinter()
              .with(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
              .writeValueAsString(mapper.treeToValue(tree, Object.class))
          + "\n";
    } catch (JsonProcessingException e) {
      return output;
    }
  }
}
