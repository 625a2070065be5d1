package dev.holdfast.keeper.lease.sanlock;

import dev.holdfast.keeper.linux.DirectFile;
import dev.holdfast.keeper.sanlock.disk.LeaseDisk;
import dev.holdfast.keeper.sanlock.disk.StorageTimeoutException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A file or device with lease areas. Everything that touches it is done by threads of its own, one
 * for each area in use: a system call on storage may hang in the kernel for ever, and who waits for
 * it here waits only as long as it wants to. What was asked for an area is done in that order, and
 * nothing is asked of the kernel twice: after a timeout the next in the area waits for the one that
 * hangs.
 */
final class LeaseStorage implements LeaseDisk, AutoCloseable {
  /** A thread without work ends after this; the next renewal comes later. */
  private static final long LINGER_MILLIS = 500;

  private final Path path;
  private final int areaBytes;

  /** One for each area in which something is under way. Guarded by this. */
  private final Map<Long, Area> areas = new HashMap<>();

  /** How much was asked for and is not done. Guarded by this. */
  private int underWay;

  /** Guarded by {@link #opening}. */
  private @Nullable DirectFile file;

  private final Object opening = new Object();

  /** Guarded by this. */
  private boolean reopen;

  LeaseStorage(Path path, int areaBytes) {
    this.path = path;
    this.areaBytes = areaBytes;
  }

  /** What waits and is done in one area. Guarded by the storage. */
  private static final class Area {
    private final Queue<Runnable> waiting = new ArrayDeque<>();
  }

  /** Whether nothing is under way, and nothing waits for it. */
  synchronized boolean isIdle() {
    return underWay == 0;
  }

  @Override
  public byte[] read(long offset, int length, Duration timeout) throws IOException {
    return call(
        offset, timeout, "reading " + path + " at " + offset, () -> open().read(offset, length));
  }

  @Override
  public void write(long offset, byte[] sectors, Duration timeout) throws IOException {
    boolean ignored =
        call(
            offset,
            timeout,
            "writing " + path + " at " + offset,
            () -> {
              open().write(offset, sectors);
              return true;
            });
  }

  private <T> T call(long offset, Duration timeout, String what, Callable<T> task)
      throws IOException {
    var result = new CompletableFuture<T>();
    // Set by whoever comes first: the thread that begins, or the caller that gives up before.
    var decided = new AtomicBoolean();
    enqueue(
        offset / areaBytes,
        () -> {
          Runnable answer = decided.compareAndSet(false, true) ? attempt(task, result) : () -> {};
          ended();
          answer.run();
        });
    try {
      return result.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException slow) {
      String took = what + " took more than " + timeout.toSeconds() + " s";
      if (decided.compareAndSet(false, true)) {
        throw new IOException(took + " and was not begun: storage is stuck");
      }
      throw new StorageTimeoutException(took);
    } catch (ExecutionException failure) {
      if (failure.getCause() instanceof IOException cause) {
        throw cause;
      }
      throw new IOException(what + " failed: " + failure.getCause(), failure);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      if (decided.compareAndSet(false, true)) {
        throw new IOException(what + " was interrupted before it began");
      }
      throw new StorageTimeoutException(what + " was interrupted");
    }
  }

  private static <T> Runnable attempt(Callable<T> task, CompletableFuture<T> result) {
    try {
      T value = task.call();
      return () -> result.complete(value);
    } catch (Throwable failure) {
      return () -> result.completeExceptionally(failure);
    }
  }

  private synchronized void ended() {
    underWay--;
  }

  private synchronized void enqueue(long index, Runnable task) {
    Area area = areas.get(index);
    if (area == null) {
      area = new Area();
      areas.put(index, area);
      Area fresh = area;
      Thread.ofPlatform().name("keeper-lease-io").daemon().start(() -> work(index, fresh));
    }
    area.waiting.add(task);
    underWay++;
    notifyAll();
  }

  private void work(long index, Area area) {
    for (Runnable task = next(index, area); task != null; task = next(index, area)) {
      task.run();
    }
    closeIfAsked();
  }

  private synchronized @Nullable Runnable next(long index, Area area) {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(LINGER_MILLIS);
    while (area.waiting.isEmpty()) {
      long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
      if (left <= 0) {
        areas.remove(index);
        return null;
      }
      try {
        wait(left);
      } catch (InterruptedException nobodyInterruptsIt) {
        throw new IllegalStateException(nobodyInterruptsIt);
      }
    }
    return area.waiting.remove();
  }

  private DirectFile open() throws IOException {
    synchronized (opening) {
      DirectFile opened = file;
      if (opened == null) {
        opened = DirectFile.open(path);
        file = opened;
      }
      return opened;
    }
  }

  /**
   * Opens the file again for what comes after all that is under way: after a failure it may be
   * another one, or a stale handle. While anything hangs it stays as it is.
   */
  void reopenWhenIdle() {
    synchronized (this) {
      reopen = true;
    }
    Thread.ofPlatform().name("keeper-lease-io").daemon().start(this::closeIfAsked);
  }

  private void closeIfAsked() {
    DirectFile stale;
    synchronized (this) {
      if (!reopen || !areas.isEmpty()) {
        return;
      }
      reopen = false;
      // Nothing is under way, so nobody is opening it.
      synchronized (opening) {
        stale = file;
        file = null;
      }
    }
    if (stale != null) {
      stale.close();
    }
  }

  /** Lets go of the file when nothing is under way any more. */
  @Override
  public void close() {
    reopenWhenIdle();
  }
}
