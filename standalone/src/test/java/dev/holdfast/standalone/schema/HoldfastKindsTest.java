package dev.holdfast.standalone.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The CustomResourceDefinitions of the project, read from its sources: no module of ours is used.
 */
class HoldfastKindsTest {
  @Test
  void allSchemasAreAccepted() throws IOException {
    Path folder = Path.of("../crds/manifests");
    assumeTrue(Files.isDirectory(folder), "no crds/manifests beside this module");
    List<Path> files;
    try (Stream<Path> stream = Files.list(folder)) {
      files = stream.filter(file -> file.toString().endsWith(".yaml")).sorted().toList();
    }
    for (Path file : files) {
      JsonNode definition = new YAMLMapper().readTree(file.toFile());
      for (JsonNode version : definition.at("/spec/versions")) {
        StructuralSchema schema = StructuralSchema.parse(version.at("/schema/openAPIV3Schema"));
        assertThat(schema.root().properties()).as("%s", file).containsKey("spec");
      }
    }
    assertThat(files).isNotEmpty();
  }
}
