package dev.holdfast.keeper;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/**
 * A file that is served by a process of its own, so that I/O on it hangs in the kernel as on
 * storage that does not answer.
 */
public final class FuseExport implements AutoCloseable {
  private static final Path DAEMON = Path.of("/usr/bin/qemu-storage-daemon");
  private static final int BYTES = 16 << 20;

  private final Path file;
  private final Process daemon;

  private FuseExport(Path file, Process daemon) {
    this.file = file;
    this.daemon = daemon;
  }

  /** Why there can be none here; empty where there can. */
  public static Optional<String> missing() {
    if (!Files.isExecutable(DAEMON)) {
      return Optional.of("no " + DAEMON);
    }
    if (!Files.exists(Path.of("/dev/fuse"))) {
      return Optional.of("no /dev/fuse");
    }
    return Files.isExecutable(Path.of("/usr/bin/fusermount3"))
        ? Optional.empty()
        : Optional.of("no fusermount3");
  }

  /** What the process reads and writes; also for who does not go through it. */
  public static Path backing(Path directory, String name) {
    return directory.resolve(name + ".backing");
  }

  /** Serves 16 MiB as fast as it can. */
  public static FuseExport serve(Path directory, String name) throws IOException {
    return serve(directory, name, 0);
  }

  /**
   * Serves 16 MiB, with what {@link #backing} has already.
   *
   * @param bytesPerSecond 0 for no limit. With a limit requests that are too many wait in the
   *     daemon, where the kernel lets no signal end the process that has made them
   */
  public static FuseExport serve(Path directory, String name, int bytesPerSecond)
      throws IOException {
    Path backing = backing(directory, name);
    try (var sized = new RandomAccessFile(backing.toFile(), "rw")) {
      sized.setLength(BYTES);
    }
    Path file = Files.createFile(directory.resolve(name));
    var command =
        new ArrayList<>(
            List.of(
                DAEMON.toString(),
                "--object",
                "throttle-group,id=limit,x-bps-total=" + bytesPerSecond,
                "--blockdev",
                "driver=file,node-name=backing,filename=" + backing,
                "--blockdev",
                "driver=throttle,node-name=limited,throttle-group=limit,file=backing",
                "--export",
                "type=fuse,id=export,node-name=limited,writable=on,allow-other=on,mountpoint="
                    + file));
    Path log = directory.resolve(name + ".log");
    Process daemon =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    var export = new FuseExport(file, daemon);
    Awaitility.await()
        .until(
            () -> {
              if (!daemon.isAlive()) {
                throw new IOException(Files.readString(log));
              }
              return Files.size(file) == BYTES;
            });
    return export;
  }

  public Path file() {
    return file;
  }

  /** From here on nothing is answered. */
  public void hang() throws IOException {
    signal("STOP");
  }

  /** Everything is answered again, also what was asked meanwhile. */
  public void goOn() throws IOException {
    signal("CONT");
  }

  private void signal(String name) throws IOException {
    run("kill", "-" + name, Long.toString(daemon.pid()));
  }

  /** Everything that waits fails. */
  @Override
  public void close() {
    daemon.destroyForcibly();
    daemon.onExit().join();
    try {
      run("umount", "--lazy", file.toString());
    } catch (IOException failure) {
      throw new IllegalStateException(failure);
    }
  }

  static void run(String... command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS) || process.exitValue() != 0) {
        throw new IOException(
            String.join(" ", command)
                + ": "
                + new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IOException(interrupted);
    }
  }
}
