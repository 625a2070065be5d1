package dev.holdfast.standalone.http;

import dev.holdfast.standalone.resource.ApiException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** Something of which there is only so much, and of which one user gets a part at most. */
final class Pool {
  private final int mostOfOneUser;
  private final Duration patience;
  private final String exhausted;
  private final Semaphore free;
  private final Map<String, Semaphore> freeByUser = new ConcurrentHashMap<>();

  /** What was taken, until it is closed; closing it again does nothing. */
  interface Share extends AutoCloseable {
    Share NONE = () -> {};

    @Override
    void close();
  }

  /**
   * Fills a pool.
   *
   * @param patience how long somebody waits for a share
   * @param exhausted what is told who has waited in vain
   */
  Pool(int most, int mostOfOneUser, Duration patience, String exhausted) {
    this.mostOfOneUser = mostOfOneUser;
    this.patience = patience;
    this.exhausted = exhausted;
    this.free = new Semaphore(most, true);
  }

  /**
   * Takes a share.
   *
   * @param amount what is more than one user gets counts as all of that
   * @throws ApiException 429 when nothing becomes free in time
   */
  Share take(String user, long amount) throws InterruptedException {
    int taken = Math.clamp(amount, 0, mostOfOneUser);
    Semaphore ofUser = freeByUser.computeIfAbsent(user, name -> new Semaphore(mostOfOneUser, true));
    long end = System.nanoTime() + patience.toNanos();
    if (!ofUser.tryAcquire(taken, patience.toNanos(), TimeUnit.NANOSECONDS)) {
      throw ApiException.tooManyRequests(exhausted);
    }
    boolean both = false;
    try {
      both = free.tryAcquire(taken, end - System.nanoTime(), TimeUnit.NANOSECONDS);
    } finally {
      if (!both) {
        ofUser.release(taken);
      }
    }
    if (!both) {
      throw ApiException.tooManyRequests(exhausted);
    }
    AtomicBoolean given = new AtomicBoolean();
    return () -> {
      if (!given.getAndSet(true)) {
        free.release(taken);
        ofUser.release(taken);
      }
    };
  }
}
