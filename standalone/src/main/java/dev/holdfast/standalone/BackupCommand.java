package dev.holdfast.standalone;

import dev.holdfast.standalone.backup.Backup;
import dev.holdfast.standalone.store.Listing;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code holdfast standalone backup}. */
@Command(
    name = "backup",
    description = {
      "Writes everything that a control plane holds at one moment into one new file: objects,"
          + " Secrets in clear, keys and certificates. Only its owner may read it.",
      "The control plane may run meanwhile, or be stopped. The file is read again and checked"
          + " before it gets its name."
    },
    mixinStandardHelpOptions = true)
final class BackupCommand implements Callable<Integer> {
  @SuppressWarnings("NullAway.Init") // set by picocli before call()
  @Spec
  private CommandSpec spec;

  @SuppressWarnings("NullAway.Init")
  @ParentCommand
  private StandaloneCommand standalone;

  @Parameters(paramLabel = "FILE", description = "File to write; it must not be there yet.")
  private Path file = Path.of("");

  @Override
  public Integer call() throws IOException, InterruptedException {
    Listing saved = Backup.save(standalone.dataDirectory(), file);
    spec.commandLine()
        .getOut()
        .printf(
            "Wrote %s: %d objects at revision %d. It holds keys and Secrets: keep it safe.%n",
            file, saved.objects().size(), saved.revision());
    spec.commandLine().getOut().flush();
    return 0;
  }
}
