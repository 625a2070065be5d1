package dev.holdfast.system.skipped;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SkippedTestsTest {
  private static final Instant START = Instant.parse("2026-01-01T12:00:00Z");

  @TempDir private Path root = Path.of("");

  @BeforeEach
  void writeReport() throws IOException {
    Path reports = Files.createDirectories(root.resolve("keeper/target/surefire-reports"));
    Path report =
        Files.writeString(
            reports.resolve("TEST-dev.holdfast.KeeperTest.xml"),
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <testsuite name="dev.holdfast.KeeperTest" tests="3" skipped="2">
              <testcase name="launches" classname="dev.holdfast.KeeperTest"/>
              <testcase name="boots" classname="dev.holdfast.KeeperTest">
                <skipped message="Assumption failed: no QEMU&#10;  on the PATH" type="x"/>
              </testcase>
              <testcase name="" classname="dev.holdfast.OnK3sTest">
                <skipped message="Assumption failed: no Docker" type="x"/>
              </testcase>
            </testsuite>
            """);
    Files.setLastModifiedTime(report, FileTime.from(START.plusSeconds(5)));
  }

  @Test
  void namesTestsAndClassesWithTheirReasons() throws IOException {
    assertThat(SkippedTests.in(root, START))
        .containsExactly("KeeperTest.boots: no QEMU on the PATH", "OnK3sTest: no Docker");
  }

  @Test
  void leavesOutReportsOfEarlierBuilds() throws IOException {
    assertThat(SkippedTests.in(root, START.plusSeconds(60))).isEmpty();
  }
}
