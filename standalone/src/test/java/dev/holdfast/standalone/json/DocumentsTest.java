package dev.holdfast.standalone.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DocumentsTest {
  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void keepsTheLastOfRepeatedFieldsAndReportsTheOthers() {
    ParsedDocument json = Json.parse(bytes("{\"spec\":{\"a\":1,\"a\":2}}"));
    ParsedDocument yaml = Yaml.parse(bytes("spec:\n  a: 1\n  a: 2\n"));

    assertThat(json.value()).isEqualTo(yaml.value());
    assertThat(Json.at(json.value(), "spec", "a").asInt()).isEqualTo(2);
    assertThat(json.duplicates()).containsExactly("duplicate field \"spec.a\"");
    assertThat(yaml.duplicates()).containsExactly("line 3: key \"a\" already set in map");
  }

  @Test
  void readsYamlAsTheJsonItStandsFor() {
    JsonNode value =
        Yaml.parse(bytes("a: &x [1, 2.5, true, null, 'y', 2001-01-01]\nb: *x\n")).value();

    assertThat(Json.text(value))
        .isEqualTo(
            "{\"a\":[1,2.5,true,null,\"y\",\"2001-01-01\"],"
                + "\"b\":[1,2.5,true,null,\"y\",\"2001-01-01\"]}");
  }

  @Test
  void refusesADocumentThatGrowsWithoutBound() {
    StringBuilder bomb = new StringBuilder("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for (int i = 1; i < 10; i++) {
      bomb.append("a%d: &a%d [%s]\n".formatted(i, i, ("*a" + (i - 1) + ",").repeat(10)));
    }

    assertThatThrownBy(() -> Yaml.parse(bytes(bomb.toString())))
        .isInstanceOf(MalformedDocumentException.class);
  }

  @Test
  void refusesADocumentThatIsTooDeep() {
    assertThatThrownBy(() -> Json.parse(bytes("[".repeat(100_000))))
        .isInstanceOf(MalformedDocumentException.class);
    assertThatThrownBy(() -> Yaml.parse(bytes("[".repeat(100_000))))
        .isInstanceOf(MalformedDocumentException.class);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        ".spec.cpu | [1]",
        ".spec['cpu'] | [1]",
        ".status.list[0] | [\"x\"]",
        ".status.list[-1] | [\"y\"]",
        ".status.list[*] | [\"x\",\"y\"]",
        ".status.conditions[?(@.type==\"Ready\")].status | [\"True\"]",
        ".metadata.annotations.a\\.b/c | [\"d\"]",
        ".spec.none | []",
      })
  void findsByJsonPath(String path, String expected) {
    JsonNode object =
        Json.parse(
                bytes(
                    """
                    {"metadata":{"annotations":{"a.b/c":"d"}},"spec":{"cpu":1},"status":{"list":["x","y"],
                    "conditions":[{"type":"Other","status":"False"},{"type":"Ready","status":"True"}]}}\
                    """))
            .value();

    assertThat(JsonPath.parse(path).find(object).toString().replace(", ", ",")).isEqualTo(expected);
  }
}
