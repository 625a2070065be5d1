package dev.holdfast.node.host.qemu.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.holdfast.crds.machine.Accelerator;
import dev.holdfast.node.host.HostException;
import dev.holdfast.node.host.qemu.probe.QemuCapabilities.AcceleratorCapabilities;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CapabilityCacheTest {
  private static final QemuCapabilities FOUND =
      new QemuCapabilities(
          "7.2.22",
          List.of("pc-q35-7.2"),
          List.of(
              new AcceleratorCapabilities(
                  Accelerator.TCG, true, "ProbePassed", "ran", "max", List.of("max"))));

  @TempDir Path directory;
  private final AtomicInteger probes = new AtomicInteger();
  private Path binary = Path.of("/");

  @BeforeEach
  void binary() throws Exception {
    binary = Files.writeString(directory.resolve("qemu"), "one");
  }

  private CapabilityCache cache() {
    return new CapabilityCache(
        directory.resolve("cache"),
        binary,
        () -> {
          probes.incrementAndGet();
          return FOUND;
        });
  }

  @Test
  void probesOnce() throws Exception {
    assertThat(cache().capabilities()).isEqualTo(FOUND);
    assertThat(cache().capabilities()).isEqualTo(FOUND);

    assertThat(probes).hasValue(1);
  }

  @Test
  void probesAgainAfterAnUpgrade() throws Exception {
    QemuCapabilities before = cache().capabilities();
    Path ignored = Files.writeString(binary, "another");

    assertThat(cache().capabilities()).isEqualTo(before);
    assertThat(probes).hasValue(2);
  }

  @Test
  void survivesADeletedAndABrokenCache() throws Exception {
    QemuCapabilities before = cache().capabilities();
    Path file = directory.resolve("cache/qemu-capabilities.json");

    Path ignored = Files.writeString(file, "{\"conditions\":");
    assertThat(cache().capabilities()).isEqualTo(before);
    Files.delete(file);
    assertThat(cache().capabilities()).isEqualTo(before);

    assertThat(probes).hasValue(3);
  }

  @Test
  void saysThatTheBinaryIsMissing() throws Exception {
    Files.delete(binary);

    assertThatThrownBy(() -> cache().capabilities())
        .isInstanceOf(HostException.class)
        .hasMessageContaining("Is qemu-system-x86 installed?");
  }

  @Test
  void findsWhatTheRealQemuCanDo() throws Exception {
    Path qemu = Path.of("/usr/bin/qemu-system-x86_64");
    assumeTrue(Files.isExecutable(qemu), "qemu-system-x86_64 is missing");

    QemuCapabilities found = CapabilityCache.of(directory.resolve("real"), qemu).capabilities();

    assertThat(found.version()).matches("\\d+\\.\\d+\\.\\d+");
    String[] version = found.version().split("\\.", -1);
    assertThat(found.machineTypes().getFirst())
        .isEqualTo("pc-q35-" + version[0] + "." + version[1]);
    assertThat(found.accelerators())
        .filteredOn(accelerator -> accelerator.accelerator() == Accelerator.TCG)
        .singleElement()
        .satisfies(
            tcg -> {
              assertThat(tcg.usable()).isTrue();
              assertThat(tcg.defaultCpuModel()).isEqualTo("max");
              assertThat(tcg.cpuModels()).contains("max", "qemu64").doesNotContain("host");
            });
    assertThat(CapabilityCache.of(directory.resolve("real"), qemu).capabilities()).isEqualTo(found);
  }
}
