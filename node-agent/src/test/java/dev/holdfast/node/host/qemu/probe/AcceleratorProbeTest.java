package dev.holdfast.node.host.qemu.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.holdfast.crds.machine.Accelerator;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AcceleratorProbeTest {
  private static final Path BINARY = Path.of("/usr/bin/qemu-system-x86_64");

  /** What a machine of our own has that only emulates guests instead of running them. */
  private static final Path SOFTWARE_KVM = Path.of("/sys/module/kvm_pvm");

  private final AcceleratorProbe probe = new AcceleratorProbe(BINARY, Duration.ofSeconds(5));

  @BeforeEach
  void needsQemu() {
    assumeTrue(Files.isExecutable(BINARY), "qemu-system-x86_64 is missing");
  }

  @Test
  void theGuestRunsUnderEmulation() throws Exception {
    assertThat(probe.probe(Accelerator.TCG))
        .satisfies(
            verdict -> {
              assertThat(verdict.message()).contains("probe guest ran");
              assertThat(verdict.reason()).isEqualTo("ProbePassed");
              assertThat(verdict.usable()).isTrue();
            });
  }

  @Test
  void theGuestRunsOnTheOldestCpuModelWith64Bits() throws Exception {
    assertThat(probe.probe(Accelerator.TCG, "qemu64").usable()).isTrue();
  }

  @Test
  void aCpuModelWithout64BitsFailsAndSaysWhere() throws Exception {
    AcceleratorVerdict verdict = probe.probe(Accelerator.TCG, "qemu32");

    assertThat(verdict.usable()).isFalse();
    assertThat(verdict.message()).contains("after protected mode");
  }

  @Test
  void aGuestThatIsTooSlowIsNoGuest() throws Exception {
    AcceleratorVerdict verdict =
        new AcceleratorProbe(BINARY, Duration.ofMillis(1)).probe(Accelerator.TCG);

    assertThat(verdict.usable()).isFalse();
    assertThat(verdict.reason()).isEqualTo("ProbeTimedOut");
  }

  @Test
  void anUnknownCpuModelIsQemusOwnError() throws Exception {
    AcceleratorVerdict verdict = probe.probe(Accelerator.TCG, "no-such-model");

    assertThat(verdict.reason()).isEqualTo("ProbeFailed");
    assertThat(verdict.message()).contains("no-such-model");
  }

  @Test
  void doesNotTrustADeviceThatEmulatesKernels() throws Exception {
    assumeTrue(Files.exists(SOFTWARE_KVM), "no KVM that only emulates kernels on this machine");

    assertThat(probe.probe(Accelerator.KVM).usable()).isFalse();
    AcceleratorVerdict verdict = probe.probe(Accelerator.KVM, "qemu64");
    assertThat(verdict.usable()).isFalse();
    assertThat(verdict.reason()).isEqualTo("ProbeTimedOut");
    assertThat(verdict.message()).contains("after 64-bit mode");
  }

  @Test
  void saysThatThereIsNoDevice() throws Exception {
    assumeTrue(Files.notExists(Unprivileged.KVM), "/dev/kvm exists");

    assertThat(probe.probe(Accelerator.KVM).reason()).isEqualTo("NoDevice");
  }
}
