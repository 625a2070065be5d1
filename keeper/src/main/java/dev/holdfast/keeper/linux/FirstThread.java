package dev.holdfast.keeper.linux;

import com.sun.jna.Callback;
import com.sun.jna.CallbackReference;
import com.sun.jna.CallbackThreadInitializer;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Runs tasks on the thread that the process began with. Two things tie children to a thread, not to
 * a process: PR_SET_PDEATHSIG fires when the parent <em>thread</em> ends (prctl(2)), and execve(2)
 * ends every thread but the calling one. Only the first thread is there before and after any number
 * of execve: children that it has started, and none else, live through all of them.
 *
 * <p>The java launcher (java_md.c, CallJavaMainInNewThread) leaves that thread waiting in
 * pthread_join for the end of main. It is called out of there by a real-time signal whose handler
 * is a callback into Java. In general hardly anything may be done in a signal handler, since it may
 * have interrupted anything; here it has interrupted a wait that holds no lock, which is made sure
 * of before each signal.
 */
public final class FirstThread implements AutoCloseable {
  private static final long TGKILL = isArm() ? 131 : 234;

  /** Number of futex(2) in /proc/PID/task/TID/syscall. */
  private static final String FUTEX = isArm() ? "98 " : "202 ";

  // glibc keeps 32 and 33 to itself; the first free ones may be in other libraries' use.
  private static final int FIRST_SIGNAL = 40;
  private static final int LAST_SIGNAL = 60;
  private static final int FIRST_REAL_TIME = 34;
  private static final int LAST_REAL_TIME = 64;

  /** glibc: {@code struct sigaction} has the handler at 0, the mask at 8 and the flags at 136. */
  private static final int ACTION_BYTES = 152;

  /** Handlers 0 (SIG_DFL) and 1 (SIG_IGN) are nobody's. */
  private static final long IGNORED = 1;

  private static final int MASK_OFFSET = 8;
  private static final int FLAGS_OFFSET = 136;
  private static final int SA_RESTART = 0x10000000;
  private static final int SIG_SETMASK = 2;
  private static final int SIGNAL_SET_BYTES = 128;
  private static final long TIMEOUT_SECONDS = 10;
  private static final long POLL_MILLIS = 1;

  /** What JNA makes a function of. */
  private interface Handler extends Callback {
    @SuppressWarnings("UnusedMethod") // JNA calls it
    void call(int signal);
  }

  private final int pid = Math.toIntExact(ProcessHandle.current().pid());
  private final int signal;
  private final BlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();

  /** Held, since the kernel's pointer to it keeps nothing from being collected. */
  private final Handler handler = _ -> runOne();

  private FirstThread(int signal) {
    this.signal = signal;
  }

  /**
   * Prepares the first thread for tasks.
   *
   * @throws IOException where it does not wait as the java launcher makes it, for instance in a
   *     program that has started the JVM by itself
   */
  public static FirstThread claim() throws IOException {
    try (Memory action = new Memory(ACTION_BYTES)) {
      for (int signal = FIRST_SIGNAL; signal <= LAST_SIGNAL; signal++) {
        if (LibC.sigaction(signal, null, action) == 0 && action.getLong(0) <= IGNORED) {
          var thread = new FirstThread(signal);
          thread.awaitFutex();
          thread.install(action);
          return thread;
        }
      }
    }
    throw new IOException("no real-time signal is free");
  }

  private static boolean isArm() {
    return "aarch64".equals(System.getProperty("os.arch"));
  }

  private void install(Memory action) throws IOException {
    // It stays attached to the JVM: what is set up once need not be set up in a handler again.
    Native.setCallbackThreadInitializer(
        handler, new CallbackThreadInitializer(true, false, "keeper-first"));
    action.clear();
    action.setPointer(0, CallbackReference.getFunctionPointer(handler));
    // No task interrupts another. The signals that the JVM itself lives on stay open.
    for (int blocked = FIRST_REAL_TIME; blocked <= LAST_REAL_TIME; blocked++) {
      int index = MASK_OFFSET + (blocked - 1) / 8;
      action.setByte(index, (byte) (action.getByte(index) | 1 << ((blocked - 1) % 8)));
    }
    action.setInt(FLAGS_OFFSET, SA_RESTART);
    if (LibC.sigaction(signal, action, null) != 0) {
      throw LinuxException.last("sigaction " + signal);
    }
  }

  /** Runs a task there and waits for its end, which must come within 10 s. */
  public synchronized <T> T call(Callable<T> task) throws IOException {
    var result = new CompletableFuture<T>();
    Runnable run =
        () -> {
          try {
            result.complete(task.call());
          } catch (Exception failure) {
            result.completeExceptionally(failure);
          }
        };
    awaitFutex();
    tasks.add(run);
    try {
      if (LibC.syscall(TGKILL, pid, pid, signal, 0) != 0) {
        throw LinuxException.last("tgkill " + signal);
      }
      return result.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException failure) {
      Throwable cause = failure.getCause();
      throw new IOException(cause == null ? "failed" : cause.getMessage(), failure);
    } catch (TimeoutException slow) {
      throw new IOException("the first thread did not answer within 10 s", slow);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while the first thread worked");
    } finally {
      boolean ignored = tasks.remove(run);
    }
  }

  private void runOne() {
    Runnable task = tasks.poll();
    if (task != null) {
      task.run();
    }
  }

  /** In tests several keepers share the thread, so it may be at work for another one. */
  private void awaitFutex() throws IOException {
    Path syscall = Path.of("/proc/self/task/" + pid + "/syscall");
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS);
    String found = "";
    while (System.nanoTime() < deadline) {
      found = Files.readString(syscall);
      if (found.startsWith(FUTEX)) {
        return;
      }
      try {
        Thread.sleep(POLL_MILLIS);
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted while the first thread was waited for");
      }
    }
    throw new IOException(
        "the first thread does not wait for the end of main as the java launcher's does, but in"
            + " system call "
            + found.strip());
  }

  /**
   * To be called in a task before execve(2): signals that the handler has blocked would stay
   * blocked in the next program.
   */
  static void unblockSignals() {
    try (Memory none = new Memory(SIGNAL_SET_BYTES)) {
      none.clear();
      int ignored = LibC.pthread_sigmask(SIG_SETMASK, none, null);
    }
  }

  /** Gives the signal back. */
  @Override
  public synchronized void close() {
    try (Memory action = new Memory(ACTION_BYTES)) {
      // To be ignored, in the handler's place: nothing sends it any more, and if something did, the
      // default would end the process.
      action.clear();
      action.setLong(0, IGNORED);
      int ignored = LibC.sigaction(signal, action, null);
    }
  }
}
