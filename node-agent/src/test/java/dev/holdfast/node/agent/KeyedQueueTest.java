package dev.holdfast.node.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class KeyedQueueTest {
  @Test
  void neverHandlesAKeyTwiceAtTheSameTimeAndLosesNoWakeUp() {
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    AtomicInteger added = new AtomicInteger();
    AtomicInteger seen = new AtomicInteger();
    try (KeyedQueue<String> queue =
        new KeyedQueue<>(
            key -> {
              most.accumulateAndGet(inside.incrementAndGet(), Math::max);
              seen.set(added.get());
              inside.decrementAndGet();
            })) {
      for (int i = 1; i <= 10_000; i++) {
        added.set(i);
        queue.add("key");
      }
      await().until(() -> seen.get() == 10_000);
    }
    assertThat(most).hasValue(1);
  }

  @Test
  void handlesOtherKeysWhileOneIsSlow() throws InterruptedException {
    CountDownLatch release = new CountDownLatch(1);
    CountDownLatch fast = new CountDownLatch(100);
    try (KeyedQueue<Integer> queue =
        new KeyedQueue<>(
            key -> {
              if (key == 0) {
                awaitUninterruptibly(release);
              } else {
                fast.countDown();
              }
            })) {
      queue.add(0);
      for (int i = 1; i <= 100; i++) {
        queue.add(i);
      }
      fast.await();
      release.countDown();
    }
  }

  @Test
  void goesOnAfterAHandlerHasThrown() {
    AtomicInteger calls = new AtomicInteger();
    try (KeyedQueue<String> queue =
        new KeyedQueue<>(
            key -> {
              if (calls.incrementAndGet() == 1) {
                throw new IllegalStateException("expected by the test");
              }
            })) {
      queue.add("key");
      await().until(() -> calls.get() == 1);
      queue.addAfter("key", Duration.ofMillis(1));
      await().until(() -> calls.get() == 2);
    }
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
