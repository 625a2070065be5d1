package dev.holdfast.standalone.kubectl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.yaml.snakeyaml.LoaderOptions;

/**
 * Invocations that follow each other in a namespace and a folder of their own; see scenarios.yaml.
 *
 * @param alone whether no other runs beside it
 * @param quick whether it is run by default
 * @param lines of shell
 * @param files contents by path
 */
record Scenario(
    String name, boolean alone, boolean quick, List<String> lines, Map<String, String> files) {

  private static final Path PROJECT = Path.of("..").toAbsolutePath().normalize();

  static List<Scenario> all() throws IOException {
    JsonNode common = read("common.yaml");
    List<Scenario> all = new ArrayList<>();
    for (JsonNode scenario : read("scenarios.yaml")) {
      Map<String, String> files = new LinkedHashMap<>();
      String name = scenario.path("name").asText();
      for (JsonNode source : List.of(common, scenario.path("files"))) {
        source
            .properties()
            .forEach(
                file ->
                    files.put(file.getKey(), file.getValue().asText().replace("NAMESPACE", name)));
      }
      all.add(
          new Scenario(
              name,
              scenario.path("alone").asBoolean(),
              scenario.path("quick").asBoolean(),
              scenario.path("script").asText().lines().toList(),
              files));
    }
    return all;
  }

  private static JsonNode read(String resource) throws IOException {
    LoaderOptions options = new LoaderOptions();
    options.setCodePointLimit(Integer.MAX_VALUE);
    try (InputStream in = Scenario.class.getResourceAsStream(resource)) {
      return new YAMLMapper().readTree(in);
    }
  }

  /** Writes the files to a folder, beside links to the project's manifests and examples. */
  void write(Path folder) throws IOException {
    for (Map.Entry<String, String> file : files.entrySet()) {
      Path path = folder.resolve(file.getKey());
      Files.createDirectories(path.getParent());
      Files.writeString(path, file.getValue());
    }
    for (String linked : List.of("crds", "examples")) {
      Files.createSymbolicLink(folder.resolve(linked), PROJECT.resolve(linked));
    }
  }
}
