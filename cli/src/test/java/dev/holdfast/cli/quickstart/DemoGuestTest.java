package dev.holdfast.cli.quickstart;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.StandardProtocolFamily;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The demo guest on QEMU alone, without anything of Holdfast's. */
class DemoGuestTest {
  @TempDir private Path directory;
  private Path guest;
  private int port;
  private @Nullable Process machine;

  @BeforeEach
  void makeGuestAndEmptyDisk() throws Exception {
    guest = DemoGuestFiles.make();
    try (ServerSocket any = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = any.getLocalPort();
    }
    Process image =
        new ProcessBuilder("qemu-img", "create", "-q", "-f", "qcow2", disk().toString(), "64M")
            .start();
    assertThat(image.waitFor()).isZero();
  }

  @AfterEach
  void stopTheMachine() throws InterruptedException {
    Process running = machine;
    if (running != null) {
      running.destroyForcibly().waitFor();
    }
  }

  @Test
  void countsItsBootsAcrossPowerOffAndKill() throws Exception {
    Process first = start();
    assertThat(page()).contains("Hello from inside the guest", "boots      1");
    pressThePowerButton();
    assertThat(first.waitFor(60, TimeUnit.SECONDS)).as("powered off by itself").isTrue();
    assertThat(console()).contains("formatting /dev/vda", "boot number 1", "shutting down");

    Process second = start();
    assertThat(page()).contains("boots      2");
    second.destroyForcibly().waitFor();

    start();
    assertThat(page()).contains("boots      3");
    assertThat(console()).contains("boot number 3").doesNotContain("formatting");
  }

  private Process start() throws IOException {
    Process started =
        new ProcessBuilder(
                List.of(
                    "qemu-system-x86_64",
                    "-nodefaults",
                    "-no-user-config",
                    "-machine",
                    "q35",
                    "-accel",
                    "tcg",
                    "-cpu",
                    "max",
                    "-m",
                    "256",
                    "-display",
                    "none",
                    "-kernel",
                    guest.resolve("vmlinuz").toString(),
                    "-initrd",
                    guest.resolve("initrd.img").toString(),
                    "-append",
                    "console=ttyS0 quiet",
                    "-serial",
                    "file:" + directory.resolve("console.log"),
                    "-qmp",
                    "unix:" + directory.resolve("qmp") + ",server=on,wait=off",
                    "-drive",
                    "if=virtio,format=qcow2,file=" + disk(),
                    "-netdev",
                    "user,id=net0,hostfwd=tcp:127.0.0.1:" + port + "-:80",
                    "-device",
                    "virtio-net-pci,netdev=net0,romfile="))
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("qemu.log").toFile())
            .start();
    machine = started;
    return started;
  }

  private String page() throws Exception {
    return GuestPage.fetch(
        URI.create("http://127.0.0.1:" + port + "/"),
        Duration.ofMinutes(2),
        InstantSource.system());
  }

  private void pressThePowerButton() throws IOException {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.connect(UnixDomainSocketAddress.of(directory.resolve("qmp")));
      BufferedReader replies =
          new BufferedReader(
              new InputStreamReader(Channels.newInputStream(channel), StandardCharsets.UTF_8));
      Writer commands = Channels.newWriter(channel, StandardCharsets.UTF_8);
      assertThat(replies.readLine()).contains("QMP");
      for (String command : List.of("qmp_capabilities", "system_powerdown")) {
        commands.write("{\"execute\":\"" + command + "\"}\n");
        commands.flush();
        assertThat(replies.readLine()).doesNotContain("error");
      }
    }
  }

  private String console() throws IOException {
    return Files.readString(directory.resolve("console.log"), StandardCharsets.ISO_8859_1);
  }

  private Path disk() {
    return directory.resolve("disk.qcow2");
  }
}
