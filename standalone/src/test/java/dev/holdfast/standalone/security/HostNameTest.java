package dev.holdfast.standalone.security;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostNameTest {
  @TempDir private Path directory;

  @Test
  void isTheKernelsInLowerCase() throws IOException {
    assertThat(HostName.in(file("Rack-7.example.org\n"))).isEqualTo("rack-7.example.org");
  }

  @Test
  void isLocalhostWhereTheHostHasNoUsableName() throws IOException {
    assertThat(HostName.in(file("(none)\n"))).isEqualTo("localhost");
    assertThat(HostName.in(directory.resolve("missing"))).isEqualTo("localhost");
  }

  private Path file(String text) throws IOException {
    return Files.writeString(directory.resolve("hostname"), text);
  }
}
