package dev.holdfast.node.host.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.node.host.HostException;
import dev.holdfast.node.host.qemu.qmp.QmpClient;
import dev.holdfast.node.host.qemu.qmp.QmpException;
import dev.holdfast.node.host.qemu.qmp.QmpListener;
import dev.holdfast.node.plan.HostState.FailedDisk;
import dev.holdfast.node.plan.HostState.Guest;
import dev.holdfast.node.plan.HostState.Machine;
import dev.holdfast.node.plan.HostState.QemuProcess;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One process with its monitor, and what is known of both. What is known is kept right by events
 * and can be read at any time without asking QEMU.
 */
final class ManagedMachine implements AutoCloseable {
  /** A healthy QEMU answers in under a millisecond; a host that swaps may take long. */
  static final Duration REPLY_TIMEOUT = Duration.ofSeconds(5);

  static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(2);

  private static final Duration QUIT_REPLY_TIMEOUT = Duration.ofSeconds(1);
  private static final Duration FIRST_RECONNECT_DELAY = Duration.ofMillis(50);
  private static final Duration LONGEST_RECONNECT_DELAY = Duration.ofSeconds(10);

  /** A QEMU that ends closes its monitor a moment before its end is reported. */
  private static final Duration QUIET = Duration.ofMillis(500);

  private static final Logger LOG = LoggerFactory.getLogger(ManagedMachine.class);

  private final MachineFiles files;
  private final long processId;
  private final Instant startedAt;
  private final Executor executor;
  private final Consumer<String> changed;

  /** Orders questions and answers, so that an older answer never replaces a newer one. */
  private final ReentrantLock asking = new ReentrantLock();

  private final AtomicBoolean reconnecting = new AtomicBoolean();
  private final AtomicBoolean refreshPending = new AtomicBoolean();
  private final CompletableFuture<QemuProcess.Exited> exit = new CompletableFuture<>();
  private final CountDownLatch closed = new CountDownLatch(1);

  private volatile @Nullable QmpClient monitor;
  private volatile @Nullable String version;
  private volatile @Nullable Instant powerButtonAt;
  private volatile Answer answer = Answer.NONE;

  /** What QEMU said of the guest. */
  private record Answer(Guest guest, List<FailedDisk> failedDisks) {
    static final Answer NONE = new Answer(Guest.UNKNOWN, List.of());
  }

  ManagedMachine(
      MachineFiles files,
      QemuProcesses.Known process,
      Executor executor,
      Consumer<String> changed) {
    this.files = files;
    this.processId = process.processId();
    this.startedAt = process.since();
    this.executor = executor;
    this.changed = changed;
    QemuProcess.Exited ended = process.exit();
    if (ended != null) {
      exited(ended);
    }
  }

  MachineFiles files() {
    return files;
  }

  long processId() {
    return processId;
  }

  Machine state() {
    QemuProcess.Exited ended = exit.getNow(null);
    Answer last = answer;
    return ended != null
        ? new Machine(files.uuid(), ended, Guest.UNKNOWN, powerButtonAt)
        : new Machine(
            files.uuid(),
            new QemuProcess.Running(processId, startedAt, version),
            last.guest(),
            powerButtonAt,
            last.failedDisks());
  }

  boolean isRunning() {
    return !exit.isDone();
  }

  /** Completes when the process has ended; never exceptionally. */
  CompletableFuture<QemuProcess.Exited> exit() {
    return exit;
  }

  /** The process has ended. */
  void exited(QemuProcess.Exited how) {
    if (exit.complete(how)) {
      disconnect();
      changed.accept(files.uuid());
    }
  }

  /** Remembers when the power button was pressed. */
  void powerButtonPressed(Instant at) {
    powerButtonAt = at;
    changed.accept(files.uuid());
  }

  /**
   * Connects the monitor where it is not connected, and asks for the guest's state.
   *
   * @param connectTimeout until QEMU is ready
   * @throws QmpException when it does not answer, or another machine does
   */
  void connectAndRefresh(Duration connectTimeout) throws QmpException {
    asking.lock();
    try {
      connectedMonitor(connectTimeout);
      refresh();
    } finally {
      asking.unlock();
    }
  }

  /**
   * Sends a command, connecting first where needed, and asks for the guest's state after it.
   *
   * @throws HostException with reason {@code QemuRefused} or {@code MonitorUnreachable}
   */
  void execute(String command) throws HostException {
    asking.lock();
    try {
      JsonNode ignored = connectedMonitor(CONNECT_TIMEOUT).execute(command, REPLY_TIMEOUT);
      refresh();
    } catch (QmpException failed) {
      String reason =
          failed.kind() == QmpException.Kind.REFUSED ? "QemuRefused" : "MonitorUnreachable";
      throw new HostException(
          reason, command + " for machine " + files.uuid() + ": " + failed.getMessage(), failed);
    } finally {
      asking.unlock();
    }
  }

  /**
   * Asks QEMU to end itself, which closes its images in order.
   *
   * @return whether it may be doing so
   */
  boolean quit() {
    QmpClient open = monitor;
    if (open == null || !open.isOpen()) {
      return false;
    }
    try {
      JsonNode ignored = open.execute("quit", QUIT_REPLY_TIMEOUT);
      return true;
    } catch (QmpException failed) {
      // It may have ended before its reply was sent.
      return failed.kind() == QmpException.Kind.DISCONNECTED;
    }
  }

  /** Asks again for the guest's state in the background, connecting where needed. */
  void refreshSoon() {
    if (refreshPending.compareAndSet(false, true)) {
      executor.execute(
          () -> {
            refreshPending.set(false);
            if (!isRunning()) {
              return;
            }
            try {
              connectAndRefresh(CONNECT_TIMEOUT);
            } catch (QmpException failed) {
              if (failed.kind() != QmpException.Kind.DISCONNECTED) {
                doesNotAnswer(failed);
              }
            }
          });
    }
  }

  /** Lets go of the monitor; the process runs on. */
  @Override
  public void close() {
    closed.countDown();
    disconnect();
  }

  private void disconnect() {
    QmpClient open = monitor;
    if (open != null) {
      open.close();
    }
  }

  private QmpClient connectedMonitor(Duration timeout) throws QmpException {
    QmpClient open = monitor;
    if (open != null && open.isOpen()) {
      return open;
    }
    var events = new Events();
    QmpClient fresh = QmpClient.connect(files.qmpSocket(), timeout, events);
    try {
      String uuid = fresh.execute("query-uuid", REPLY_TIMEOUT).path("UUID").asText();
      if (!uuid.equals(files.uuid())) {
        throw new QmpException(
            QmpException.Kind.MALFORMED,
            "monitor " + files.qmpSocket() + " belongs to another machine: " + uuid);
      }
      version = fresh.version();
      events.inUse = true;
      monitor = fresh;
      if (!fresh.isOpen() || !isRunning() || closed.getCount() == 0) {
        throw new QmpException(
            QmpException.Kind.DISCONNECTED, "monitor " + files.qmpSocket() + " was closed");
      }
      return fresh;
    } catch (QmpException failed) {
      fresh.close();
      throw failed;
    }
  }

  private void refresh() throws QmpException {
    QmpClient open = monitor;
    if (open == null) {
      return;
    }
    try {
      Guest guest =
          GuestStates.of(open.execute("query-status", REPLY_TIMEOUT).path("status").asText());
      List<FailedDisk> failedDisks =
          guest == Guest.IO_ERROR
              ? GuestStates.failedDisks(open.execute("query-block", REPLY_TIMEOUT))
              : List.of();
      answered(new Answer(guest, failedDisks));
    } catch (QmpException failed) {
      answered(Answer.NONE);
      throw failed;
    }
  }

  private void answered(Answer now) {
    if (!answer.equals(now)) {
      answer = now;
      changed.accept(files.uuid());
    }
  }

  private void monitorClosed() {
    answered(Answer.NONE);
    if (isRunning() && closed.getCount() > 0 && reconnecting.compareAndSet(false, true)) {
      executor.execute(this::reconnect);
    }
  }

  /**
   * Tries until it succeeds or there is no process any more; never does anything to the process.
   */
  private void reconnect() {
    Duration delay = FIRST_RECONNECT_DELAY;
    try {
      while (!closed.await(delay.toMillis(), TimeUnit.MILLISECONDS) && isRunning()) {
        try {
          connectAndRefresh(CONNECT_TIMEOUT);
          return;
        } catch (QmpException failed) {
          if (delay.compareTo(QUIET) > 0) {
            doesNotAnswer(failed);
          }
        }
        delay = delay.multipliedBy(2);
        if (delay.compareTo(LONGEST_RECONNECT_DELAY) > 0) {
          delay = LONGEST_RECONNECT_DELAY;
        }
      }
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    } finally {
      reconnecting.set(false);
    }
  }

  private void doesNotAnswer(QmpException failed) {
    LOG.warn("machine {} does not answer: {}", files.uuid(), failed.getMessage());
  }

  private final class Events implements QmpListener {
    /** Whether the connection has become this machine's monitor; a failed attempt is no loss. */
    private volatile boolean inUse;

    @Override
    public void event(String name, JsonNode data) {
      if (GuestStates.mayChangeWith(name)) {
        LOG.debug("machine {}: {} {}", files.uuid(), name, data);
        refreshSoon();
      }
    }

    @Override
    public void closed() {
      if (inUse) {
        monitorClosed();
      }
    }
  }
}
