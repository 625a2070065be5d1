package dev.holdfast.node.host.qemu;

import java.nio.file.Path;
import java.time.Duration;

/**
 * Where machines run and how.
 *
 * @param binary absolute path of qemu-system-x86_64
 * @param runtimeDirectory parent of the machines' directories, on a tmpfs, such as {@code
 *     /run/holdfast/machines}; at most 50 bytes long, or socket paths get too long
 * @param launchesAtOnce most QEMUs that start at the same time; more than two per core make each
 *     one slower and none sooner ready
 * @param launchTimeout until a started QEMU must answer
 */
public record QemuHostOptions(
    Path binary, Path runtimeDirectory, int launchesAtOnce, Duration launchTimeout) {

  /** Debian's QEMU, {@code /run/holdfast/machines}, two launches per core, one minute. */
  public static QemuHostOptions defaults() {
    return new QemuHostOptions(
        Path.of("/usr/bin/qemu-system-x86_64"),
        Path.of("/run/holdfast/machines"),
        2 * Runtime.getRuntime().availableProcessors(),
        Duration.ofMinutes(1));
  }

  public QemuHostOptions withRuntimeDirectory(Path directory) {
    return new QemuHostOptions(binary, directory, launchesAtOnce, launchTimeout);
  }

  public QemuHostOptions withBinary(Path path) {
    return new QemuHostOptions(path, runtimeDirectory, launchesAtOnce, launchTimeout);
  }
}
