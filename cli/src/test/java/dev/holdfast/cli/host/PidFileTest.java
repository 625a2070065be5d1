package dev.holdfast.cli.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PidFileTest {
  @TempDir private Path directory;
  private PidFile file;

  @BeforeEach
  void nameTheFile() {
    file = new PidFile(directory.resolve("some.pid"));
  }

  @Test
  void findsTheProcessAgainWhileItRuns() throws Exception {
    Process process = new ProcessBuilder("sleep", "60").start();
    try {
      file.write(process.pid());
      assertThat(file.running())
          .hasValueSatisfying(found -> assertThat(found.pid()).isEqualTo(process.pid()));
    } finally {
      process.destroyForcibly();
    }
    await().untilAsserted(() -> assertThat(file.running()).isEmpty());
  }

  @Test
  void doesNotTakeALaterProcessWithTheSameIdForIt() throws IOException {
    long own = ProcessHandle.current().pid();
    file.write(own);
    Files.writeString(file.path(), own + " 1\n");

    assertThat(file.running()).isEmpty();
  }

  @Test
  void namesNoProcessBeforeItIsWrittenAndAfterItIsDeleted() throws IOException {
    assertThat(file.running()).isEmpty();
    file.write(ProcessHandle.current().pid());
    file.delete();
    assertThat(file.running()).isEmpty();
  }

  @Test
  void refusesAFileThatHoldsSomethingElse() throws IOException {
    Files.writeString(file.path(), "rm -rf\n");

    assertThatThrownBy(file::running)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("damaged");
  }
}
