package dev.holdfast.node.agent;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Handles keys, each on a virtual thread of its own. A key is never handled twice at the same time;
 * one that is added while it is being handled is handled once more afterwards, however often it was
 * added. So one slow key delays no other and no wake-up is lost. Of the later times at which a key
 * is to be handled only the next is kept, because handling it then says when it must be again.
 */
final class KeyedQueue<K> implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(KeyedQueue.class);

  private enum State {
    HANDLING,
    HANDLING_AND_ADDED
  }

  private final Consumer<K> handler;
  private final Map<K, State> active = new HashMap<>();
  private final Map<K, ScheduledFuture<?>> later = new HashMap<>();
  private final ExecutorService workers = Executors.newVirtualThreadPerTaskExecutor();
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("node-agent-timer").factory());
  private boolean closed;

  KeyedQueue(Consumer<K> handler) {
    this.handler = handler;
  }

  /** Has the key handled as soon as possible. */
  void add(K key) {
    synchronized (active) {
      if (closed) {
        return;
      }
      if (active.containsKey(key)) {
        active.put(key, State.HANDLING_AND_ADDED);
        return;
      }
      active.put(key, State.HANDLING);
      workers.execute(() -> run(key));
    }
  }

  /** Has the key handled after a delay, or before if somebody else adds it. */
  void addAfter(K key, Duration delay) {
    long milliseconds = Math.max(0, delay.toMillis());
    synchronized (active) {
      ScheduledFuture<?> planned = later.get(key);
      if (closed || (planned != null && planned.getDelay(TimeUnit.MILLISECONDS) <= milliseconds)) {
        return;
      }
      if (planned != null) {
        planned.cancel(false);
      }
      later.put(key, timer.schedule(() -> addNow(key), milliseconds, TimeUnit.MILLISECONDS));
    }
  }

  private void addNow(K key) {
    synchronized (active) {
      later.remove(key);
      add(key);
    }
  }

  private void run(K key) {
    do {
      try {
        handler.accept(key);
      } catch (RuntimeException e) {
        LOG.error("{} could not be handled; the next resync tries again", key, e);
      }
    } while (isWantedAgain(key));
  }

  private boolean isWantedAgain(K key) {
    synchronized (active) {
      if (active.get(key) == State.HANDLING_AND_ADDED && !closed) {
        active.put(key, State.HANDLING);
        return true;
      }
      active.remove(key);
      return false;
    }
  }

  /** Takes no more keys and waits a moment for those that are being handled. */
  @Override
  public void close() {
    synchronized (active) {
      closed = true;
    }
    timer.shutdownNow();
    workers.shutdown();
    try {
      if (!workers.awaitTermination(10, TimeUnit.SECONDS)) {
        workers.shutdownNow();
      }
    } catch (InterruptedException e) {
      workers.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }
}
