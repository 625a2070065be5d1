package dev.holdfast.node.host.qemu;

import dev.holdfast.keeper.client.KeeperClient;
import dev.holdfast.keeper.client.KeeperException;
import dev.holdfast.keeper.client.KeeperListener;
import dev.holdfast.keeper.protocol.ExitCause;
import dev.holdfast.keeper.protocol.FailureCode;
import dev.holdfast.keeper.protocol.ProcessExit;
import dev.holdfast.keeper.protocol.ProcessSignal;
import dev.holdfast.keeper.protocol.ProcessState;
import dev.holdfast.keeper.protocol.Request;
import dev.holdfast.keeper.protocol.Tie;
import dev.holdfast.node.host.HostException;
import dev.holdfast.node.plan.HostState.QemuProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The keeper's processes. A lost connection is made again in the background; until then every
 * question fails with reason {@code KeeperUnreachable}, so that nothing is decided on old
 * knowledge.
 */
final class KeeperProcesses implements QemuProcesses {
  private static final Logger LOG = LoggerFactory.getLogger(KeeperProcesses.class);

  private static final Duration FIRST_DELAY = Duration.ofMillis(50);
  private static final Duration LONGEST_DELAY = Duration.ofSeconds(2);

  private final KeeperConnector connector;
  private final AtomicReference<@Nullable KeeperClient> client = new AtomicReference<>();
  private final AtomicReference<@Nullable Listener> listener = new AtomicReference<>();
  private final CountDownLatch closed = new CountDownLatch(1);

  private KeeperProcesses(KeeperConnector connector) {
    this.connector = connector;
  }

  /**
   * Connects.
   *
   * @throws HostException with reason {@code KeeperUnreachable}
   */
  static KeeperProcesses connect(KeeperConnector connector) throws HostException {
    var processes = new KeeperProcesses(connector);
    try {
      processes.client.set(connector.connect(processes.new Events()));
      return processes;
    } catch (IOException failed) {
      throw unreachable(failed);
    }
  }

  @Override
  public Known launch(String uuid, List<String> command, int uid, List<Integer> groups, Path log)
      throws HostException {
    var request =
        new Request.Launch(
            UUID.fromString(uuid),
            command,
            uid,
            uid,
            groups,
            Tie.INDEPENDENT,
            log.toAbsolutePath());
    try {
      return known(connected().launch(request));
    } catch (KeeperException refused) {
      throw new HostException(
          "QemuFailed", "the keeper could not start QEMU: " + refused.getMessage(), refused);
    } catch (IOException failed) {
      throw unreachable(failed);
    }
  }

  @Override
  public List<Known> list() throws HostException {
    try {
      return connected().list().stream().map(KeeperProcesses::known).toList();
    } catch (IOException failed) {
      throw unreachable(failed);
    }
  }

  @Override
  public Optional<Known> adopt(String uuid, long processId, Path pidFile, Path log)
      throws HostException {
    if (processId <= 1 || processId > Integer.MAX_VALUE) {
      return Optional.empty();
    }
    var request =
        new Request.Adopt(
            UUID.fromString(uuid), (int) processId, pidFile.toAbsolutePath(), log.toAbsolutePath());
    try {
      return Optional.of(known(connected().adopt(request)));
    } catch (KeeperException refused) {
      if (refused.code() != FailureCode.ADOPTION_REFUSED) {
        throw new HostException(
            "AdoptionFailed", "process of machine " + uuid + ": " + refused.getMessage(), refused);
      }
      LOG.info("machine {} not adopted: {}", uuid, refused.getMessage());
      return Optional.empty();
    } catch (IOException failed) {
      throw unreachable(failed);
    }
  }

  @Override
  public void kill(String uuid) throws HostException {
    unless(
        EnumSet.of(FailureCode.NO_SUCH_PROCESS),
        open -> open.signal(UUID.fromString(uuid), ProcessSignal.KILL));
  }

  @Override
  public void forget(String uuid) throws HostException {
    unless(EnumSet.of(FailureCode.NO_SUCH_PROCESS), open -> open.forget(UUID.fromString(uuid)));
  }

  @Override
  public void listen(Listener hears) {
    listener.set(hears);
  }

  @Override
  public void close() {
    closed.countDown();
    disconnect(client.getAndSet(null));
  }

  private interface Call {
    void on(KeeperClient open) throws IOException;
  }

  private void unless(Set<FailureCode> harmless, Call call) throws HostException {
    try {
      call.on(connected());
    } catch (KeeperException refused) {
      if (!harmless.contains(refused.code())) {
        throw new HostException(
            "KeeperRefused", "the keeper refused: " + refused.getMessage(), refused);
      }
    } catch (IOException failed) {
      throw unreachable(failed);
    }
  }

  private KeeperClient connected() throws HostException {
    KeeperClient open = client.get();
    if (open == null) {
      throw new HostException(
          "KeeperUnreachable",
          "this host's keeper does not answer; its machines may run on, and nothing is done to them"
              + " until it is back");
    }
    return open;
  }

  private static HostException unreachable(IOException failed) {
    return new HostException(
        "KeeperUnreachable", "this host's keeper does not answer: " + failed.getMessage(), failed);
  }

  private static void disconnect(@Nullable KeeperClient open) {
    if (open == null) {
      return;
    }
    try {
      open.close();
    } catch (IOException failed) {
      LOG.debug("closing the connection to the keeper: {}", failed.toString());
    }
  }

  private static Known known(ProcessState process) {
    // The keeper knows an adopted process only since its adoption; the kernel knows better.
    Instant since =
        process.isRunning()
            ? ProcessHandle.of(process.pid())
                .flatMap(handle -> handle.info().startInstant())
                .orElse(process.since())
            : process.since();
    ProcessExit exit = process.exit();
    return new Known(
        process.machineId().toString(),
        process.pid(),
        since,
        exit == null
            ? null
            : new QemuProcess.Exited(description(exit.cause()), exit.outputTail(), exit.at()));
  }

  private static String description(ExitCause cause) {
    return switch (cause) {
      case ExitCause.Code(int code) -> "exit status " + code;
      case ExitCause.Killed(int signal) -> "killed by signal " + signal;
      case ExitCause.Unknown() -> "how is not known, because an earlier keeper started it";
    };
  }

  private void reconnect() {
    Duration delay = FIRST_DELAY;
    try {
      while (!closed.await(delay.toMillis(), TimeUnit.MILLISECONDS)) {
        try {
          KeeperClient fresh = connector.connect(new Events());
          client.set(fresh);
          if (closed.getCount() == 0) {
            disconnect(fresh);
            return;
          }
          LOG.info("connected to the keeper again");
          Listener hears = listener.get();
          if (hears != null) {
            hears.reconnected();
          }
          return;
        } catch (IOException failed) {
          LOG.warn("cannot connect to the keeper: {}", failed.getMessage());
        }
        delay = delay.multipliedBy(2);
        if (delay.compareTo(LONGEST_DELAY) > 0) {
          delay = LONGEST_DELAY;
        }
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private final class Events implements KeeperListener {
    @Override
    public void exited(ProcessState process) {
      Listener hears = listener.get();
      if (hears != null) {
        hears.exited(known(process));
      }
    }

    @Override
    public void disconnected(String reason) {
      if (closed.getCount() > 0) {
        LOG.warn("{}", reason);
        client.set(null);
        Listener hears = listener.get();
        if (hears != null) {
          hears.disconnected();
        }
        Thread ignored =
            Thread.ofVirtual().name("keeper-reconnect").start(KeeperProcesses.this::reconnect);
      }
    }
  }
}
