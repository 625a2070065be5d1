package dev.holdfast.system.skipped;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SkippedTestsTest {
  private static final Instant START = Instant.parse("2026-01-01T12:00:00Z");

  @TempDir private Path root = Path.of("");

  @Test
  void namesTestsWithTheirReasons() throws IOException {
    write(
        "KeeperTest",
        """
        <testcase name="launches" classname="dev.holdfast.KeeperTest"/>
        <testcase name="boots" classname="dev.holdfast.KeeperTest">
          <skipped type="x"><![CDATA[org.opentest4j.TestAbortedException: Assumption failed: no QEMU
          on the PATH
        \tat org.junit.jupiter.api.Assumptions.throwAssumptionFailed(Assumptions.java:340)
        \tat dev.holdfast.KeeperTest.boots(KeeperTest.java:1)]]></skipped>
        </testcase>
        <testcase name="pauses" classname="dev.holdfast.KeeperTest">
          <skipped message="needs root"/>
        </testcase>
        <testcase name="resumes" classname="dev.holdfast.KeeperTest">
          <skipped type="x"><![CDATA[org.opentest4j.TestAbortedException: no KVM]]></skipped>
        </testcase>
        """);
    assertThat(SkippedTests.in(root, START))
        .containsExactly(
            "KeeperTest.boots: no QEMU on the PATH",
            "KeeperTest.pauses: needs root",
            "KeeperTest.resumes: no KVM");
  }

  @Test
  void namesClassesOfWhichNothingRan() throws IOException {
    write("OnK3sTest", "");
    write("OuterTest", "");
    write("OuterTest$InnerTest", "<testcase name=\"a\" classname=\"x\"/>");
    assertThat(SkippedTests.in(root, START))
        .singleElement()
        .asString()
        .startsWith("OnK3sTest: none of its tests ran");
  }

  @Test
  void leavesOutReportsOfEarlierBuilds() throws IOException {
    write("OnK3sTest", "");
    assertThat(SkippedTests.in(root, START.plusSeconds(60))).isEmpty();
  }

  private void write(String type, String tests) throws IOException {
    Path reports = Files.createDirectories(root.resolve("keeper/target/surefire-reports"));
    Path report =
        Files.writeString(
            reports.resolve("TEST-dev.holdfast." + type + ".xml"),
            "<testsuite name=\"dev.holdfast.%s\">%s</testsuite>".formatted(type, tests));
    Files.setLastModifiedTime(report, FileTime.from(START.plusSeconds(5)));
  }
}
