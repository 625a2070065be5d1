package dev.holdfast.cli.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;

/**
 * A file that names one process: its id and its start time, so that a process that got the same id
 * later is not mistaken for it.
 *
 * <p>The start time is field 22 of /proc/PID/stat, in clock ticks since boot (proc(5)). It is
 * unique together with the id until the machine boots again, and then the run directory is empty.
 */
public record PidFile(Path path) {
  private static final int START_TIME = 22;

  /** Names that process. The file is never seen half written. */
  public void write(long pid) throws IOException {
    String start =
        startTime(pid)
            .orElseThrow(
                () -> new IOException("there is no process " + pid + " to note in " + path));
    Path partial = path.resolveSibling(path.getFileName() + ".new");
    Files.writeString(partial, pid + " " + start + "\n");
    Files.move(partial, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /** The process, if it still runs. */
  public Optional<ProcessHandle> running() throws IOException {
    String[] words;
    try {
      words = Files.readString(path).strip().split(" ", -1);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
    if (words.length != 2 || !words[0].matches("[0-9]{1,10}")) {
      throw new IOException(path + " is damaged: it should hold a process id and a start time");
    }
    long pid = Long.parseLong(words[0]);
    return startTime(pid).filter(words[1]::equals).flatMap(start -> ProcessHandle.of(pid));
  }

  public void delete() throws IOException {
    Files.deleteIfExists(path);
  }

  /** Of a process that is neither gone nor a zombie. */
  private static Optional<String> startTime(long pid) throws IOException {
    String stat;
    try {
      stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      // ESRCH when it ends between open and read.
      return Optional.empty();
    }
    // The second field is the program's name in parentheses and may hold anything, also blanks.
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    if (fields[0].equals("Z") || fields[0].equals("X")) {
      return Optional.empty();
    }
    return Optional.of(fields[START_TIME - 3]);
  }
}
