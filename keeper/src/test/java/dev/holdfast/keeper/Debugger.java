package dev.holdfast.keeper;

import com.sun.jna.Function;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;

/**
 * Stops every thread of a process, as a debugger does at a breakpoint (ptrace(2), PTRACE_SEIZE and
 * PTRACE_INTERRUPT), until it is closed.
 */
final class Debugger implements AutoCloseable {
  private static final long PTRACE_SEIZE = 0x4206;
  private static final long PTRACE_INTERRUPT = 0x4207;

  private final CountDownLatch done = new CountDownLatch(1);

  /** The kernel lets only the thread that has seized another one order it about. */
  private final Thread tracer;

  private Debugger(Thread tracer) {
    this.tracer = tracer;
  }

  static Debugger stop(ProcessHandle process) throws IOException {
    var stopped =
        new FutureTask<Boolean>(
            () -> {
              for (long thread : threads(process.pid())) {
                ptrace(PTRACE_SEIZE, thread);
                ptrace(PTRACE_INTERRUPT, thread);
              }
              return true;
            });
    var debugger = new Debugger[1];
    var ready = new CountDownLatch(1);
    Thread thread =
        Thread.ofPlatform()
            .daemon()
            .start(
                () -> {
                  try {
                    ready.await();
                    stopped.run();
                    debugger[0].done.await();
                  } catch (InterruptedException ended) {
                    Thread.currentThread().interrupt();
                  }
                });
    debugger[0] = new Debugger(thread);
    ready.countDown();
    try {
      assert stopped.get();
    } catch (ExecutionException failure) {
      throw new IOException(failure.getCause());
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IOException(interrupted);
    }
    return debugger[0];
  }

  private static List<Long> threads(long pid) throws IOException {
    try (Stream<Path> tasks = Files.list(Path.of("/proc/" + pid + "/task"))) {
      return tasks.map(task -> Long.parseLong(task.getFileName().toString())).toList();
    }
  }

  private static void ptrace(long request, long thread) throws IOException {
    Function function = NativeLibrary.getInstance("c").getFunction("ptrace");
    if (function.invokeLong(new Object[] {request, thread, 0L, 0L}) != 0) {
      throw new IOException("ptrace " + request + ": errno " + Native.getLastError());
    }
  }

  /** Lets the process go on, if it still is there. */
  @Override
  public void close() {
    done.countDown();
    try {
      tracer.join();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
