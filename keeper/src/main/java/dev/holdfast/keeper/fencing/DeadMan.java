package dev.holdfast.keeper.fencing;

import dev.holdfast.keeper.linux.KillTimer;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The kernel's part: kills the keeper, and by their death signal the machines that are tied to its
 * life, if it does not say in time that their leases are renewed. One timer for the earliest of
 * several deadlines. Thread-safe.
 */
public final class DeadMan implements AutoCloseable {
  private static final Logger log = System.getLogger(DeadMan.class.getName());

  private final @Nullable KillTimer timer;
  private final String unavailable;

  /** Deadlines by lockspace, as {@link KillTimer#now} counts. Guarded by this. */
  private final Map<String, Duration> deadlines = new HashMap<>();

  /** Guarded by this. */
  private boolean closed;

  private DeadMan(@Nullable KillTimer timer, String unavailable) {
    this.timer = timer;
    this.unavailable = unavailable;
  }

  /** Without the timer there is nothing to rely on: {@link #unavailable} then says why. */
  public static DeadMan create() {
    try {
      return new DeadMan(KillTimer.create(), "");
    } catch (IOException failure) {
      log.log(Level.ERROR, "Machines with renewed leases are refused: {0}", failure.getMessage());
      return new DeadMan(null, String.valueOf(failure.getMessage()));
    }
  }

  /** Why there is no timer; empty where there is one. */
  public Optional<String> unavailable() {
    return timer == null ? Optional.of(unavailable) : Optional.empty();
  }

  /**
   * Sets or moves the deadline of a lockspace in which leases are held.
   *
   * @throws IOException if that cannot be done: nothing may be started on these leases
   */
  public synchronized void arm(String lockspace, Duration deadline) throws IOException {
    deadlines.put(lockspace, deadline);
    set();
  }

  /** Nothing is held in the lockspace any more, or what held it was sent SIGKILL. */
  public synchronized void disarm(String lockspace) {
    if (deadlines.remove(lockspace) == null) {
      return;
    }
    try {
      set();
    } catch (IOException failure) {
      // The timer stays at an earlier deadline than is needed.
      log.log(Level.ERROR, "The dead-man timer was not moved: {0}", failure.getMessage());
    }
  }

  private void set() throws IOException {
    if (timer == null || closed) {
      throw new IOException("there is no dead-man timer: " + (closed ? "it is over" : unavailable));
    }
    Optional<Duration> earliest = earliest();
    if (earliest.isPresent()) {
      timer.killAt(earliest.get());
    } else {
      timer.disarm();
    }
  }

  /** When the keeper will be killed if nothing is renewed. */
  public synchronized Optional<Duration> earliest() {
    return deadlines.values().stream().min(Duration::compareTo);
  }

  @Override
  public synchronized void close() {
    if (timer != null && !closed) {
      closed = true;
      timer.close();
    }
  }
}
