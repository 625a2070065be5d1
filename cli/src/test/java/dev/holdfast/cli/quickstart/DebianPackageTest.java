package dev.holdfast.cli.quickstart;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DebianPackageTest {
  @TempDir private Path directory;

  @Test
  void nothingIsMissingWhereEveryProgramIsThere() {
    assertThat(DebianPackage.missing(program -> true)).isEmpty();
  }

  @Test
  void kubectlIsInstalledOnlyWhereNoneIsOnThePath() {
    assertThat(DebianPackage.missing(program -> !program.equals("kubectl")))
        .extracting(DebianPackage::name)
        .containsExactly("kubernetes-client");
  }

  @Test
  void findsOnlyExecutableFilesOnThePath() throws IOException {
    Path program = Files.createFile(directory.resolve("nft"));
    String path = "/nonexistent::" + directory;
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rw-------"));
    assertThat(DebianPackage.programsOn(path)).rejects("nft");

    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
    assertThat(DebianPackage.programsOn(path)).accepts("nft");
  }
}
