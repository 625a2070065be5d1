package dev.holdfast.cli.step;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** The file that keeps what the steps did and all that their programs said. */
public final class StepLog implements AutoCloseable {
  private final Path file;
  private final PrintWriter writer;

  private StepLog(Path file, PrintWriter writer) {
    this.file = file;
    this.writer = writer;
  }

  /** Begins the file anew, and makes its directory where it is missing. */
  public static StepLog create(Path file) throws IOException {
    Path directory = file.toAbsolutePath().getParent();
    if (directory != null) {
      Files.createDirectories(directory);
    }
    Files.deleteIfExists(file);
    // Each line at the end, wherever that is: others may write to the same log.
    return new StepLog(
        file,
        new PrintWriter(
            Files.newBufferedWriter(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND)));
  }

  public Path file() {
    return file;
  }

  public synchronized void line(String text) {
    writer.println(text);
    writer.flush();
  }

  synchronized void failure(Exception failure) {
    failure.printStackTrace(writer);
    writer.flush();
  }

  @Override
  public synchronized void close() {
    writer.close();
  }
}
