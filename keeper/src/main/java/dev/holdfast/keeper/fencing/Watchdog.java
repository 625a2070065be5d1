package dev.holdfast.keeper.fencing;

import dev.holdfast.keeper.linux.KillTimer;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The last resort for one lockspace: while leases are held in it, wdmd lets the watchdog reset the
 * host unless it hears of a renewal in time. Thread-safe; never blocks for long.
 */
public final class Watchdog {
  private static final Logger log = System.getLogger(Watchdog.class.getName());
  private static final Duration BETWEEN_ATTEMPTS = Duration.ofSeconds(5);

  private final WatchdogMode mode;
  private final Path socket;
  private final String name;
  private final Duration fireTimeout;

  // All below guarded by this.
  private @Nullable WatchdogClient client;
  private boolean armed;
  private boolean connecting;
  private Duration lastAttempt = Duration.ofMinutes(-1);
  private String reason = "it was not asked yet";

  /**
   * @param name of the lockspace
   * @param fireTimeout how long after the expiry the watchdog resets the host at the latest
   */
  public Watchdog(WatchdogMode mode, Path socket, String name, Duration fireTimeout) {
    this.mode = mode;
    this.socket = socket;
    this.name = name;
    this.fireTimeout = fireTimeout;
  }

  /** Whether it would reset the host. */
  public synchronized boolean isUp() {
    return client != null;
  }

  /** Whether machines may be started as far as the watchdog is concerned. */
  public synchronized boolean suffices() {
    return mode != WatchdogMode.REQUIRED || client != null;
  }

  /** Why there is none. */
  public synchronized String reason() {
    return reason;
  }

  /** Connects in the background where there is no connection; wdmd may be started at any time. */
  public synchronized void prepare() {
    Duration now = monotonic();
    if (mode == WatchdogMode.OFF
        || client != null
        || connecting
        || now.minus(lastAttempt).compareTo(BETWEEN_ATTEMPTS) < 0) {
      return;
    }
    lastAttempt = now;
    connecting = true;
    Thread.ofPlatform().name("keeper-watchdog").daemon().start(this::connect);
  }

  private void connect() {
    WatchdogClient connected = null;
    String failed = "";
    try {
      connected = WatchdogClient.connect(socket, "holdfast " + name, fireTimeout);
    } catch (IOException failure) {
      failed = socket + ": " + failure.getMessage();
    }
    synchronized (this) {
      connecting = false;
      client = connected;
      if (connected == null && !failed.equals(reason)) {
        log.log(
            mode == WatchdogMode.REQUIRED ? Level.ERROR : Level.INFO,
            "Lockspace {0} has no watchdog: {1}",
            name,
            failed);
      }
      reason = failed;
    }
  }

  /**
   * Sets the time after which the host may not live any more, while leases are held.
   *
   * @param renewal when the lockspace was renewed, as {@link KillTimer#now} counts
   * @param validity how long that renewal is good for
   */
  public synchronized void arm(Duration renewal, Duration validity) throws IOException {
    WatchdogClient connected = client;
    if (connected == null) {
      return;
    }
    // wdmd compares with CLOCK_MONOTONIC, in whole seconds.
    long renewed = monotonic().minus(KillTimer.now().minus(renewal)).toSeconds();
    try {
      connected.testLive(Math.max(1, renewed), Math.max(1, renewed + validity.toSeconds()));
      armed = true;
    } catch (IOException failure) {
      lose(failure);
      throw failure;
    }
  }

  /** No machine holds or uses a lease in the lockspace any more. */
  public synchronized void disarm() {
    WatchdogClient connected = client;
    if (connected == null || !armed) {
      return;
    }
    try {
      connected.testLive(0, 0);
      armed = false;
    } catch (IOException failure) {
      lose(failure);
    }
  }

  private void lose(IOException failure) {
    client = null;
    reason = "the connection to wdmd was lost: " + failure.getMessage();
    log.log(
        Level.ERROR, "Lockspace {0}: {1}{2}", name, reason, armed ? "; the host may be reset" : "");
  }

  /** Takes leave, when the lockspace is left. */
  public synchronized void close() {
    disarm();
    WatchdogClient connected = client;
    client = null;
    if (connected != null) {
      try {
        connected.leave();
      } catch (IOException failure) {
        log.log(Level.DEBUG, "Taking leave of wdmd", failure);
      }
    }
  }

  /** {@link System#nanoTime} of HotSpot on Linux is CLOCK_MONOTONIC. */
  private static Duration monotonic() {
    return Duration.ofNanos(System.nanoTime());
  }
}
