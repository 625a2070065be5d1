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

/** {@code holdfast standalone restore}. */
@Command(
    name = "restore",
    description = {
      "Makes a data directory of a file that 'holdfast standalone backup' has written. The"
          + " directory must be empty or not be there; it appears complete, or not at all.",
      "Certificates and port are those of the backup, so that kubeconfigs stay good. Revisions are"
          + " moved up, so that clients which watched the lost state read everything again. Secrets"
          + " are encrypted with a new key."
    },
    mixinStandardHelpOptions = true)
final class RestoreCommand implements Callable<Integer> {
  @SuppressWarnings("NullAway.Init") // set by picocli before call()
  @Spec
  private CommandSpec spec;

  @SuppressWarnings("NullAway.Init")
  @ParentCommand
  private StandaloneCommand standalone;

  @Parameters(paramLabel = "FILE", description = "File that a backup has written.")
  private Path file = Path.of("");

  @Override
  public Integer call() throws IOException {
    Listing restored = Backup.restore(file, standalone.dataDirectory());
    spec.commandLine()
        .getOut()
        .printf(
            "Restored %d objects at revision %d into %s. Never run it beside the control plane that"
                + " it was made from.%n",
            restored.objects().size(), restored.revision(), standalone.dataDirectory());
    spec.commandLine().getOut().flush();
    return 0;
  }
}
