package dev.holdfast.cli.quickstart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** The demo guest's kernel and initial file system, made once for all tests. */
public final class DemoGuestFiles {
  /** Kept between runs; made again when one of its sources is newer. */
  private static final Path GUEST = Path.of("target/demo-guest").toAbsolutePath();

  private static final Path MAKE = Path.of("../examples/quickstart/guest/make").toAbsolutePath();

  private DemoGuestFiles() {}

  /** Directory with vmlinuz and initrd.img; the test is skipped where they cannot be made. */
  public static Path make() throws Exception {
    assumeTrue(
        DebianPackage.missing(DebianPackage.programsOn(System.getenv("PATH"))).stream()
            .noneMatch(
                missing ->
                    missing.name().startsWith("qemu") || missing.name().startsWith("busybox")),
        "needs qemu-system-x86, qemu-utils and busybox-static");
    Path log = Files.createTempFile("make-guest", ".log");
    Process make =
        new ProcessBuilder(MAKE.toString(), GUEST.toString())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    assertThat(make.waitFor(5, TimeUnit.MINUTES)).isTrue();
    String said = Files.readString(log);
    Files.delete(log);
    assumeTrue(!said.contains("can't download"), "no Debian mirror to get a kernel from: " + said);
    assertThat(make.exitValue()).as(said).isZero();
    return GUEST;
  }
}
