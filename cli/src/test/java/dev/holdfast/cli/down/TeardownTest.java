package dev.holdfast.cli.down;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.cli.host.Directories;
import dev.holdfast.cli.step.Step;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TeardownTest {
  @TempDir private Path directory;

  @Test
  void succeedsWhereNotEvenThePackagesWereInstalled() throws Exception {
    Directories directories = new Directories(directory.resolve("data"), directory.resolve("run"));
    Teardown teardown =
        new Teardown(
            directories,
            Duration.ofSeconds(1),
            InstantSource.system(),
            program -> false,
            detail -> {});
    List<String> results = new ArrayList<>();
    for (Step step : teardown.steps(false)) {
      results.add(step.action().run());
    }

    assertThat(results)
        .containsExactly(
            "not running",
            "none",
            "none: there is no program 'ip' to make them with",
            "not running",
            "not there");
  }
}
