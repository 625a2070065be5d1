package dev.holdfast.keeper;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.holdfast.keeper.linux.DirectFile;
import dev.holdfast.keeper.sanlock.dump.DumpTable;
import dev.holdfast.keeper.sanlock.dump.LeaseDump;
import dev.holdfast.keeper.sanlock.dump.LeaseScanner;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code holdfast lease dump FILE}. */
@Command(
    name = "dump",
    mixinStandardHelpOptions = true,
    description = {
      "Prints the lockspaces and resources in a file or block device, of Holdfast's or of sanlock's"
          + " making, whatever the sizes of their sectors and areas. Writes nothing.",
      "One look does not tell who is alive: look twice, a living host's time has changed then.",
      "OWNER is host id/generation, of a free resource that of the last owner."
    })
final class LeaseDumpCommand implements Callable<Integer> {
  @Parameters(paramLabel = "FILE", description = "A file or block device with lease areas.")
  private Path file = Path.of("");

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      description = "table (the default) or json.")
  private Output output = Output.TABLE;

  @Spec private CommandSpec spec = CommandSpec.create();

  private enum Output {
    TABLE,
    JSON
  }

  @Override
  public Integer call() throws IOException {
    if (!Files.exists(file)) {
      throw new NoSuchFileException(file + " does not exist");
    }
    PrintWriter out = spec.commandLine().getOut();
    LeaseDump dump;
    // Past the page cache, which knows nothing of what other hosts write.
    try (FileChannel size = FileChannel.open(file, StandardOpenOption.READ);
        DirectFile source = DirectFile.openForReading(file)) {
      dump = LeaseScanner.scan(source::read, size.size());
    }
    switch (output) {
      case TABLE -> DumpTable.print(dump, out);
      case JSON -> {
        out.println(
            JsonMapper.builder().build().writerWithDefaultPrettyPrinter().writeValueAsString(dump));
        out.flush();
      }
    }
    return dump.problems().isEmpty() ? 0 : 1;
  }
}
