package dev.holdfast.standalone.apply;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.standalone.schema.StructuralSchema;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** What {@link ApplyAgainstKubernetesTest} once recorded of a real API server. */
class RecordedApplyTest {
  @Test
  void givesTheObjectsOwnersAndConflictsOfARealServer() throws IOException {
    StructuralSchema schema = ApplyCase.schema();
    List<String> lines;
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(
                Objects.requireNonNull(getClass().getResourceAsStream("recorded.jsonl")),
                StandardCharsets.UTF_8))) {
      lines = reader.lines().toList();
    }
    assertThat(lines).hasSizeGreaterThan(40);
    for (String line : lines) {
      ApplyCase recorded = ApplyCase.MAPPER.readValue(line, ApplyCase.class);
      assertThat(recorded.actual(schema)).as(line).isEqualTo(recorded.expected());
    }
  }
}
