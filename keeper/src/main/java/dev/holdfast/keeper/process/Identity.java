package dev.holdfast.keeper.process;

import dev.holdfast.keeper.linux.FileLock;
import dev.holdfast.keeper.protocol.FailureCode;
import dev.holdfast.keeper.protocol.Request;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;

/**
 * Proves that a pid is the QEMU that is meant, and tells what a pid has executed. A pid alone
 * proves nothing: it may have been given away again.
 */
final class Identity {
  private Identity() {}

  /**
   * The arguments of a process, from /proc/PID/cmdline, which anyone may read (proc(5)). Empty for
   * one that has ended.
   */
  static List<String> commandLine(int pid) throws IOException {
    byte[] bytes = Files.readAllBytes(Path.of("/proc/" + pid + "/cmdline"));
    return bytes.length == 0
        ? List.of()
        : List.of(new String(bytes, StandardCharsets.UTF_8).split("\0", -1));
  }

  static void confirm(Request.Adopt adopt) throws KeeperRefusal {
    List<String> commandLine;
    FileLock.LockedFile pidFile;
    try {
      commandLine = commandLine(adopt.pid());
      pidFile = FileLock.inspect(adopt.pidFile());
    } catch (IOException unreadable) {
      throw refusal(adopt, String.valueOf(unreadable.getMessage()));
    }
    if (!commandLine.contains(adopt.machineId().toString())) {
      throw refusal(adopt, "its command line does not name the machine " + adopt.machineId());
    }
    if (!pidFile.content().equals(Integer.toString(adopt.pid()))) {
      throw refusal(
          adopt,
          adopt.pidFile()
              + " says "
              + (pidFile.content().isEmpty() ? "nothing" : pidFile.content()));
    }
    OptionalInt holder = pidFile.holder();
    if (holder.isEmpty()) {
      throw refusal(adopt, adopt.pidFile() + " is not locked, so its QEMU is gone");
    }
    // fcntl(2): the holder of a lock by open file description is reported as -1.
    if (holder.getAsInt() != adopt.pid() && holder.getAsInt() != -1) {
      throw refusal(adopt, adopt.pidFile() + " is locked by process " + holder.getAsInt());
    }
  }

  static KeeperRefusal refusal(Request.Adopt adopt, String reason) {
    return new KeeperRefusal(
        FailureCode.ADOPTION_REFUSED,
        "process "
            + adopt.pid()
            + " is not adopted as machine "
            + adopt.machineId()
            + ": "
            + reason);
  }
}
