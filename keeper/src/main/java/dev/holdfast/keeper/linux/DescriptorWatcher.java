package dev.holdfast.keeper.linux;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * One thread that waits for all descriptors at once. A thread for each of a host's thousand
 * processes and pipes would cost the keeper more memory than everything else it does.
 *
 * <p>Handlers run on that thread one after the other, so they must not block; a descriptor may only
 * be closed by a handler, or before it was watched. They must bear being called without cause.
 */
public final class DescriptorWatcher implements AutoCloseable {
  private static final Logger log = System.getLogger(DescriptorWatcher.class.getName());
  private static final int INITIAL_CAPACITY = 64;

  private final Map<Integer, Runnable> handlers = new ConcurrentHashMap<>();
  private final Descriptor wakeUp;
  private final Thread thread;
  private volatile boolean closing;

  private DescriptorWatcher(Descriptor wakeUp) {
    this.wakeUp = wakeUp;
    this.thread = Thread.ofPlatform().name("keeper-watcher").daemon().unstarted(this::run);
  }

  public static DescriptorWatcher start() throws IOException {
    int number = LibC.eventfd(0, Descriptor.O_CLOEXEC | Descriptor.O_NONBLOCK);
    if (number < 0) {
      throw LinuxException.last("eventfd");
    }
    var watcher = new DescriptorWatcher(new Descriptor(number));
    watcher.thread.start();
    return watcher;
  }

  /** Calls the handler each time the descriptor is readable or at its end. */
  public void watch(Descriptor descriptor, Runnable onReady) {
    handlers.put(descriptor.number(), onReady);
    wake();
  }

  /** No call of the handler begins after this has returned on the watcher's own thread. */
  public void unwatch(Descriptor descriptor) {
    handlers.remove(descriptor.number());
  }

  private void wake() {
    // Fails only when the counter is full, and then the thread is about to wake anyway. Any
    // non-zero value in either byte order does.
    long ignored = LibC.write(wakeUp.number(), new byte[] {0, 0, 0, 1, 0, 0, 0, 0}, Long.BYTES);
  }

  private void run() {
    byte[] counter = new byte[Long.BYTES];
    var entries = new Memory((long) INITIAL_CAPACITY * PollEntries.ENTRY_BYTES);
    try {
      while (!closing) {
        Integer[] watched = handlers.keySet().toArray(new Integer[0]);
        long needed = (watched.length + 1L) * PollEntries.ENTRY_BYTES;
        if (entries.size() < needed) {
          entries.close();
          entries = new Memory(needed * 2);
        }
        PollEntries.put(entries, 0, wakeUp.number());
        for (int index = 0; index < watched.length; index++) {
          PollEntries.put(entries, index + 1, watched[index]);
        }
        if (LibC.poll(entries, watched.length + 1L, -1) < 0) {
          int error = Native.getLastError();
          if (error != LinuxException.EINTR) {
            throw new LinuxException("poll", error);
          }
          continue;
        }
        if (PollEntries.isReady(entries, 0)) {
          wakeUp.read(counter);
        }
        for (int index = 1; index <= watched.length; index++) {
          if (PollEntries.isReady(entries, index)) {
            dispatch(PollEntries.descriptor(entries, index), PollEntries.isInvalid(entries, index));
          }
        }
      }
    } catch (IOException failure) {
      // Without this thread no exit would ever be noticed: better no keeper than a blind one.
      log.log(Level.ERROR, "The keeper can no longer wait for its processes", failure);
      Runtime.getRuntime().halt(70);
    } finally {
      entries.close();
      wakeUp.close();
    }
  }

  private void dispatch(int descriptor, boolean invalid) {
    Runnable handler = handlers.get(descriptor);
    if (handler == null) {
      return;
    }
    if (invalid) {
      handlers.remove(descriptor);
      log.log(Level.ERROR, "Descriptor {0} was closed while it was watched", descriptor);
      return;
    }
    try {
      handler.run();
    } catch (RuntimeException failure) {
      log.log(Level.ERROR, "A handler of the keeper's watcher failed", failure);
    }
  }

  /** Stops the thread; nothing is watched any more. */
  @Override
  public void close() {
    closing = true;
    wake();
    try {
      thread.join();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
