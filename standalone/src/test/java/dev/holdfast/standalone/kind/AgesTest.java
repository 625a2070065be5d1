package dev.holdfast.standalone.kind;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AgesTest {
  @ParameterizedTest
  @CsvSource({
    "-5, <invalid>",
    "0, 0s",
    "119, 119s",
    "120, 2m",
    "200, 3m20s",
    "600, 10m",
    "10799, 179m",
    "10800, 3h",
    "12000, 3h20m",
    "36000, 10h",
    "172800, 2d",
    "180000, 2d2h",
    "864000, 10d",
    "63072000, 2y",
    "64072000, 2y11d"
  })
  void saysAgesAsKubectlDoes(long seconds, String expected) {
    assertThat(Ages.of(Duration.ofSeconds(seconds))).isEqualTo(expected);
  }
}
