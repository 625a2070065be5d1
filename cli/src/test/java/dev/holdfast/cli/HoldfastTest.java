package dev.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
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
}
