package dev.holdfast.cli.down;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.cli.step.StepException;
import dev.holdfast.keeper.linux.OfdLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OwnFilesTest {
  private static final String GUARDS = "lockspace-*.lock";

  @TempDir private Path parent;
  private Path directory = Path.of("");

  @BeforeEach
  void makeFiles() throws Exception {
    directory = Files.createDirectory(parent.resolve("run"));
    Files.createFile(directory.resolve("lockspace-one.lock"));
    Files.createFile(directory.resolve("lockspace-two.lock"));
    Files.createDirectories(directory.resolve("machines/web"));
  }

  @Test
  void removesWhatIsNamedAndWhatAPatternMatches() throws Exception {
    OwnFiles.refuseLocked(directory, GUARDS);

    assertThat(OwnFiles.remove(directory, List.of("machines", GUARDS, "not-there")))
        .isEqualTo("removed");
    assertThat(directory).doesNotExist();
  }

  @Test
  void leavesWhatIsSomebodyElses() throws Exception {
    Files.createFile(directory.resolve("lockspace.txt"));

    assertThatThrownBy(() -> OwnFiles.remove(directory, List.of("machines", GUARDS)))
        .isInstanceOf(StepException.class)
        .hasMessageEndingWith("these are not Holdfast's: lockspace.txt");
  }

  @Test
  void aFileThatShowsThatAWriterMayBeLeftStays() throws Exception {
    Path file = directory.resolve("lockspace-two.lock");
    try (OfdLock held = OfdLock.open(file)) {
      assertThat(held.tryLock(OfdLock.Mode.SHARED)).isTrue();

      assertThatThrownBy(() -> OwnFiles.refuseLocked(directory, GUARDS))
          .isInstanceOf(StepException.class)
          .hasMessageContaining(file + " stays: a process that held leases has not ended yet");
    }
    OwnFiles.refuseLocked(directory, GUARDS);
    OwnFiles.refuseLocked(parent.resolve("not-there"), GUARDS);
  }
}
