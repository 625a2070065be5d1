package dev.holdfast.standalone.http;

import dev.holdfast.standalone.resource.ApiException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * How many requests are received and worked on at the same time, by what they take of the memory.
 * The others wait for their turn, which comes soon: nothing is held while a client is waited for
 * but the room for large bodies, and that for {@link Connections#BODY} at most.
 */
final class Work {
  private static final int MOST = 200; // as the real server's --max-mutating-requests-inflight
  private static final int LARGE_BODIES = 8;
  private static final long PATIENCE_SECONDS = 15;
  // What is made of a document on its way takes up to some twenty times its size as text.
  private static final int MEMORY_PER_BYTE = 32;

  private final int bytes;
  private final Semaphore free;
  private final Semaphore room = new Semaphore(LARGE_BODIES, true);

  /** What was taken, until it is closed. */
  interface Share extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * Divides a memory.
   *
   * @param memory in bytes
   */
  Work(long memory) {
    this.bytes = Math.clamp(memory / MEMORY_PER_BYTE, MOST, Integer.MAX_VALUE);
    this.free = new Semaphore(bytes, true);
  }

  /** Takes the room for a body that is not small. */
  Share receive() throws InterruptedException {
    return take(room, 1);
  }

  /**
   * Waits for the turn of a request.
   *
   * @param size of the documents that it is about, in bytes
   * @throws ApiException 429 when that takes too long
   */
  Share begin(long size) throws InterruptedException {
    return take(free, Math.clamp(size, bytes / MOST, bytes));
  }

  private static Share take(Semaphore from, int permits) throws InterruptedException {
    if (!from.tryAcquire(permits, PATIENCE_SECONDS, TimeUnit.SECONDS)) {
      throw ApiException.tooManyRequests("Too many requests, please try again later.");
    }
    return () -> from.release(permits);
  }
}
