package dev.holdfast.keeper.lease;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * System calls on storage that may hang in the kernel for ever. Each has a thread of its own that
 * can be left behind; a virtual one would take its carrier along.
 */
public final class DisposableThread {
  private DisposableThread() {}

  /**
   * Waits for the task as long as the limit allows.
   *
   * @param what the task does, as in "... did not end within 10 s"
   * @param late takes what comes after the caller has stopped waiting
   * @throws IOException what the task threw, or that it takes too long; it then goes on
   */
  public static <T> T call(String what, Duration limit, Callable<T> task, Consumer<T> late)
      throws IOException {
    var result = new CompletableFuture<T>();
    Thread.ofPlatform()
        .name("keeper-storage")
        .daemon()
        .start(
            () -> {
              try {
                T value = task.call();
                if (!result.complete(value)) {
                  late.accept(value);
                }
              } catch (Exception failure) {
                result.completeExceptionally(failure);
              }
            });
    try {
      return result.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException slow) {
      var tooLate = new IOException(what + " did not end within " + limit.toSeconds() + " s", slow);
      if (result.completeExceptionally(tooLate)) {
        throw tooLate;
      }
      return result.join();
    } catch (ExecutionException failure) {
      if (failure.getCause() instanceof IOException cause) {
        throw cause;
      }
      throw new IOException(what + " failed: " + failure.getCause(), failure);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      var stopped = new InterruptedIOException("interrupted: " + what);
      if (result.completeExceptionally(stopped)) {
        throw stopped;
      }
      return result.join();
    }
  }
}
