package dev.holdfast.standalone.read;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.resource.ApiException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SelectionTest {
  private static final JsonNode LABELS = Json.object().put("app", "web").put("x.dev/tier", "front");

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'' | true",
        "app | true",
        "!app | false",
        "none | false",
        "!none | true",
        "app=web | true",
        "app==db | false",
        "app!=db | true",
        "none!=db | true",
        "app in (db,web) | true",
        "app notin (db, web) | false",
        "none notin (db) | true",
        "app=web,x.dev/tier in (front) | true",
        "app=web,x.dev/tier=back | false",
      })
  void selectsByLabels(String selector, boolean selected) {
    assertThat(LabelSelector.parse(selector).test(LABELS)).isEqualTo(selected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"!!", "a=b=c", "a in b", "a in (b", ",a"})
  void refusesWhatIsNoSelector(String selector) {
    assertThatThrownBy(() -> LabelSelector.parse(selector))
        .isInstanceOf(ApiException.class)
        .hasMessageContaining("found '");
  }
}
