package dev.holdfast.keeper.lease.sanlock;

import dev.holdfast.keeper.sanlock.disk.Ticks;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** The thread that looks at the clock for all lockspaces. It never touches storage. */
final class FenceWatch implements AutoCloseable {
  private static final Logger log = System.getLogger(FenceWatch.class.getName());
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);
  private static final Duration SHORTEST_PAUSE = Duration.ofMillis(10);

  private final Ticks ticks;
  private final Supplier<List<JoinedLockspace>> lockspaces;
  private final Thread thread =
      Thread.ofPlatform().name("keeper-fence").daemon().unstarted(this::run);
  private volatile boolean closing;

  private FenceWatch(Ticks ticks, Supplier<List<JoinedLockspace>> lockspaces) {
    this.ticks = ticks;
    this.lockspaces = lockspaces;
  }

  static FenceWatch start(Ticks ticks, Supplier<List<JoinedLockspace>> lockspaces) {
    var watch = new FenceWatch(ticks, lockspaces);
    watch.thread.start();
    return watch;
  }

  private void run() {
    while (!closing) {
      Duration pause = LONGEST_PAUSE;
      for (JoinedLockspace lockspace : lockspaces.get()) {
        try {
          lockspace.fence().check();
          Optional<Duration> next = lockspace.fence().nextDeadline();
          if (next.isPresent()) {
            pause = shorter(pause, next.get().minus(ticks.now()));
          }
        } catch (RuntimeException failure) {
          // The kernel's timer still is there for what this thread did not do.
          log.log(Level.ERROR, "The fence of a lockspace failed", failure);
        }
      }
      try {
        Thread.sleep(pause.compareTo(SHORTEST_PAUSE) < 0 ? SHORTEST_PAUSE : pause);
      } catch (InterruptedException asked) {
        return;
      }
    }
  }

  private static Duration shorter(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? one : other;
  }

  @Override
  public void close() {
    closing = true;
    thread.interrupt();
  }
}
