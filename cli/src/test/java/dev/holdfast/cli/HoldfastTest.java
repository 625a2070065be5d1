package dev.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.Console;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class HoldfastTest {
  @Test
  void everyCommandHasHelpThatSaysWhatItDoes() {
    CommandLine root = Holdfast.commandLine();
    assertThat(root.getSubcommands()).containsKey("quickstart");
    root.getSubcommands()
        .forEach(
            (name, command) -> {
              StringWriter out = new StringWriter();
              root.setOut(new PrintWriter(out));
              assertThat(root.execute(name, "--help")).as(name).isZero();
              assertThat(out.toString()).contains("Usage: ");
              assertThat(command.getCommandSpec().usageMessage().description())
                  .as(name)
                  .isNotEmpty();
            });
  }

  @Test
  void refusesAnUnknownCommandWithStatusTwo() {
    CommandLine commandLine = Holdfast.commandLine();
    StringWriter errors = new StringWriter();
    commandLine.setErr(new PrintWriter(errors));

    assertThat(commandLine.execute("quickstrat")).isEqualTo(2);
    assertThat(errors.toString()).contains("quickstrat").contains("quickstart");
  }

  @Test
  void deletesNoDataWithoutBeingToldToWhereNobodyCanBeAsked(@TempDir Path directory)
      throws IOException {
    assumeTrue("root".equals(System.getProperty("user.name")), "down is for root");
    assumeTrue(
        Optional.ofNullable(System.console()).filter(Console::isTerminal).isEmpty(),
        "there is a terminal");
    Path data = Files.createDirectory(directory.resolve("data"));
    Files.createDirectory(data.resolve("pools"));
    CommandLine commandLine = Holdfast.commandLine();
    StringWriter errors = new StringWriter();
    commandLine.setErr(new PrintWriter(errors));

    int status =
        commandLine.execute(
            "down", "--purge", "--data-dir=" + data, "--run-dir=" + directory.resolve("run"));

    assertThat(status).isEqualTo(2);
    assertThat(errors.toString()).contains("--purge needs --yes");
    assertThat(data.resolve("pools")).exists();
  }
}
