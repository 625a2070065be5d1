package dev.holdfast.keeper.linux;

import com.sun.jna.Memory;
import com.sun.jna.StringArray;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;

/** Replacing the program of this process (execve(2)), and what is left to the next one. */
public final class Execution {
  private static final long CLOSE_RANGE = 436;
  private static final long CLOSE_RANGE_CLOEXEC = 4;
  private static final long LAST_DESCRIPTOR = 0xffffffffL;
  private static final int BLOCK_BYTES = 64 * 1024;

  private Execution() {}

  /**
   * Executes another program in this process, which keeps its children, also those with a death
   * signal. Does not return.
   *
   * @param thread the only one whose children live on
   * @param descriptors that the program gets, by their numbers, beside 0 to 2
   * @param alarmSeconds after which the process is killed by SIGALRM, unless the program calls this
   *     off; 0 for never. Of all the kernel's timers only alarm(2) lives through execve(2)
   * @throws IOException if it could not be executed: everything is as before, but for the
   *     descriptors' flags
   */
  public static void replace(
      FirstThread thread,
      List<String> command,
      List<String> environment,
      List<Integer> descriptors,
      int alarmSeconds)
      throws IOException {
    boolean ignored =
        thread.call(
            () -> {
              // The JVM opens some of its files without close-on-exec.
              if (LibC.syscall(CLOSE_RANGE, 3, LAST_DESCRIPTOR, CLOSE_RANGE_CLOEXEC, 0) != 0) {
                throw LinuxException.last("close_range");
              }
              for (int descriptor : descriptors) {
                Descriptor.keepAcrossExec(descriptor);
              }
              FirstThread.unblockSignals();
              int before = LibC.alarm(alarmSeconds);
              int failed = LibC.execve(command.getFirst(), strings(command), strings(environment));
              LinuxException failure = LinuxException.last("execve " + command.getFirst());
              int after = LibC.alarm(before);
              throw failed == 0 && after < 0 ? new IllegalStateException() : failure;
            });
  }

  private static StringArray strings(List<String> values) {
    return new StringArray(values.toArray(new String[0]), "UTF-8");
  }

  /** Calls the alarm off that the program before this one has set. */
  public static void callOffAlarm() {
    int ignored = LibC.alarm(0);
  }

  /** A file in memory (memfd_create(2)) with the given content. */
  public static Descriptor memoryFile(String name, byte[] content) throws IOException {
    final int closeOnExec = 1;
    int number = LibC.memfd_create(name, closeOnExec);
    if (number < 0) {
      throw LinuxException.last("memfd_create");
    }
    var descriptor = new Descriptor(number);
    try (Memory memory = new Memory(Math.max(1, content.length))) {
      memory.write(0, content, 0, content.length);
      if (LibC.pwrite(number, memory, content.length, 0) != content.length) {
        LinuxException failure = LinuxException.last("write to a memory file");
        descriptor.close();
        throw failure;
      }
    }
    return descriptor;
  }

  /** All that is in a file. */
  public static byte[] contents(Descriptor file) throws IOException {
    var contents = new ByteArrayOutputStream();
    try (Memory block = new Memory(BLOCK_BYTES)) {
      while (true) {
        long count = LibC.pread(file.number(), block, BLOCK_BYTES, contents.size());
        if (count < 0) {
          throw LinuxException.last("read");
        }
        if (count == 0) {
          return contents.toByteArray();
        }
        contents.writeBytes(block.getByteArray(0, (int) count));
      }
    }
  }
}
