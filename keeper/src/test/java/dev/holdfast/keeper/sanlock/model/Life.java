package dev.holdfast.keeper.sanlock.model;

import dev.holdfast.keeper.sanlock.disk.Ticks;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A process on a host, from its start until it ends or is killed, with several tasks in it. */
final class Life implements Ticks {
  private final World world;
  private final Faults faults;
  private final int number;

  /** Clocks of different hosts have nothing to do with each other. */
  private final long clockOffset;

  private final List<Coroutine> heldUp = new ArrayList<>();
  private @Nullable Coroutine current;
  private boolean frozen;
  private boolean over;

  Life(World world, Faults faults, int number) {
    this.number = number;
    this.world = world;
    this.faults = faults;
    this.clockOffset = world.between(0, 1_000 * World.SECOND);
  }

  void start(Runnable body) {
    Coroutine task = new Coroutine(body);
    world.at(world.now(), () -> resume(task));
  }

  /** To be called by a task. */
  void waitUntil(long when) {
    Coroutine task = current;
    if (task == null) {
      throw new IllegalStateException("not in a task");
    }
    world.at(when + faults.stall(world), () -> resume(task));
    Coroutine.suspend();
  }

  private void resume(Coroutine task) {
    if (over) {
      return;
    }
    if (frozen) {
      heldUp.add(task);
      return;
    }
    current = task;
    try {
      task.resume();
    } finally {
      current = null;
    }
  }

  int number() {
    return number;
  }

  boolean isOver() {
    return over;
  }

  boolean isFrozen() {
    return frozen;
  }

  /** No task gets any further. */
  void end() {
    over = true;
    heldUp.clear();
  }

  void freeze() {
    frozen = true;
  }

  void thaw() {
    frozen = false;
    List<Coroutine> tasks = List.copyOf(heldUp);
    heldUp.clear();
    tasks.forEach(task -> world.at(world.now(), () -> resume(task)));
  }

  @Override
  public Duration now() {
    return Duration.ofNanos((world.now() + clockOffset) * 1_000);
  }

  /** When that was, or will be, in the world's time. */
  long inWorldTime(Duration ours) {
    return ours.toNanos() / 1_000 - clockOffset;
  }

  @Override
  public void sleep(Duration duration) {
    waitUntil(world.now() + duration.toNanos() / 1_000 + 1);
  }
}
