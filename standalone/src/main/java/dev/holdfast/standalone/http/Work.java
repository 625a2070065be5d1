package dev.holdfast.standalone.http;

import dev.holdfast.standalone.http.Pool.Share;
import dev.holdfast.standalone.resource.ApiException;
import java.time.Duration;

/**
 * How much is received, worked on and sent at the same time, by what it takes of the memory. The
 * others wait for their turn, which comes soon: what waits for a client has a deadline.
 */
final class Work {
  private static final int MOST = 200; // as the real server's --max-mutating-requests-inflight
  private static final int LARGE_BODIES = 8;
  private static final Duration PATIENCE = Duration.ofSeconds(15);
  private static final String EXHAUSTED = "Too many requests, please try again later.";
  // What is made of a document on its way takes up to some twenty times its size as text.
  static final int MEMORY_PER_BYTE = 32;
  // So little that each connection there may be can hold it.
  private static final int SMALL = 32 << 10;
  private static final int SENT_PART = 16; // of the memory

  private final int bytes;
  private final Pool requests;
  private final Pool bodies = new Pool(LARGE_BODIES, LARGE_BODIES, PATIENCE, EXHAUSTED);
  private final Pool sent;

  /**
   * Divides a memory.
   *
   * @param memory in bytes
   */
  Work(long memory) {
    this.bytes = Math.clamp(memory / MEMORY_PER_BYTE, MOST, Integer.MAX_VALUE);
    this.requests = new Pool(bytes, bytes, PATIENCE, EXHAUSTED);
    int most = Math.clamp(memory / SENT_PART, MOST, Integer.MAX_VALUE);
    this.sent = new Pool(most, most / 2, PATIENCE, EXHAUSTED);
  }

  /** Takes the room for a body that is not small. */
  Share receive() throws InterruptedException {
    return bodies.take("", 1);
  }

  /**
   * Waits for the turn of a request.
   *
   * @param size of the documents that it is about, in bytes
   * @throws ApiException 429 when that takes too long
   */
  Share begin(long size) throws InterruptedException {
    return requests.take("", Math.max(size, bytes / MOST));
  }

  /**
   * Takes the room for what is made for a client, and held as slowly as the client takes it.
   *
   * @param size in bytes
   * @throws ApiException 429 when others hold too much of it for too long
   */
  Share send(String user, long size) throws InterruptedException {
    return size <= SMALL ? Share.NONE : sent.take(user, size);
  }
}
