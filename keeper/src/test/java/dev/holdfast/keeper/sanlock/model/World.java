package dev.holdfast.keeper.sanlock.model;

import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Virtual time, in microseconds, and what is to happen in it. */
final class World {
  static final long SECOND = 1_000_000;
  static final long MILLISECOND = 1_000;

  private final PriorityQueue<Event> events = new PriorityQueue<>();
  private final SplittableRandom random;
  private final boolean traced;

  private long now = SECOND;
  private long agenda;

  private record Event(long at, long number, Runnable what) implements Comparable<Event> {
    @Override
    public int compareTo(Event other) {
      int byTime = Long.compare(at, other.at);
      return byTime == 0 ? Long.compare(number, other.number) : byTime;
    }
  }

  World(long seed, boolean traced) {
    this.traced = traced;
    this.random = new SplittableRandom(seed);
  }

  long now() {
    return now;
  }

  void at(long when, Runnable what) {
    events.add(new Event(Math.max(when, now), agenda++, what));
  }

  /** Lets happen what is to happen until then. */
  void runUntil(long end) {
    @Nullable Event next;
    while ((next = events.peek()) != null && next.at <= end) {
      events.remove();
      now = next.at;
      next.what.run();
    }
    now = end;
  }

  /** For people: what happens in a schedule that is looked at alone. */
  void note(Supplier<String> what) {
    if (traced) {
      System.out.printf("%10.3f ms  %s%n", (double) now / MILLISECOND, what.get());
    }
  }

  /** How many things have been put on the agenda so far. */
  long steps() {
    return agenda;
  }

  long between(long low, long high) {
    return low >= high ? low : random.nextLong(low, high);
  }

  boolean chance(double probability) {
    return random.nextDouble() < probability;
  }

  SplittableRandom random() {
    return random;
  }
}
