package dev.holdfast.cli;

import dev.holdfast.cli.host.Directories;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The options that say where things are; the same in every command that needs them. */
final class DirectoryOptions {
  @Option(
      names = "--data-dir",
      paramLabel = "DIRECTORY",
      defaultValue = "${env:HOLDFAST_DATA_DIR:-/var/lib/holdfast}",
      description = {
        "What outlives restarts: objects, certificates, logs.",
        "Default: $HOLDFAST_DATA_DIR, else /var/lib/holdfast"
      })
  private Path data = Path.of("/var/lib/holdfast");

  @Option(
      names = "--run-dir",
      paramLabel = "DIRECTORY",
      defaultValue = "${env:HOLDFAST_RUN_DIR:-/run/holdfast}",
      description = {"Sockets and process ids.", "Default: $HOLDFAST_RUN_DIR, else /run/holdfast"})
  private Path run = Path.of("/run/holdfast");

  Directories directories() {
    return new Directories(data, run);
  }
}
