package dev.holdfast.node.host.qemu;

import dev.holdfast.keeper.client.KeeperClient;
import dev.holdfast.keeper.client.KeeperException;
import dev.holdfast.keeper.protocol.ExitCause;
import dev.holdfast.keeper.protocol.FailureCode;
import dev.holdfast.keeper.protocol.ProcessExit;
import dev.holdfast.keeper.protocol.ProcessSignal;
import dev.holdfast.keeper.protocol.ProcessState;
import dev.holdfast.keeper.protocol.Request;
import dev.holdfast.keeper.protocol.Tie;
import dev.holdfast.node.host.HostException;
import dev.holdfast.node.host.keeper.KeeperLink;
import dev.holdfast.node.plan.HostState.QemuProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The keeper's processes. */
final class KeeperProcesses implements QemuProcesses {
  private static final Logger LOG = LoggerFactory.getLogger(KeeperProcesses.class);

  private final KeeperLink link;
  private final AtomicReference<@Nullable Listener> listener = new AtomicReference<>();

  KeeperProcesses(KeeperLink link) {
    this.link = link;
    link.listen(new Events());
  }

  @Override
  public Known launch(String uuid, List<String> command, Rights rights, Path log)
      throws HostException {
    var request =
        new Request.Launch(
            UUID.fromString(uuid),
            command,
            rights.uid(),
            rights.uid(),
            rights.groups(),
            rights.tiedToKeeper() ? Tie.KEEPER_LIFE : Tie.INDEPENDENT,
            log.toAbsolutePath());
    try {
      return known(link.client().launch(request));
    } catch (KeeperException refused) {
      throw new HostException(
          "QemuFailed", "the keeper could not start QEMU: " + refused.getMessage(), refused);
    } catch (IOException failed) {
      throw KeeperLink.unreachable(failed);
    }
  }

  @Override
  public List<Known> list() throws HostException {
    try {
      return link.client().list().stream().map(KeeperProcesses::known).toList();
    } catch (IOException failed) {
      throw KeeperLink.unreachable(failed);
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
      return Optional.of(known(link.client().adopt(request)));
    } catch (KeeperException refused) {
      if (refused.code() != FailureCode.ADOPTION_REFUSED) {
        throw new HostException(
            "AdoptionFailed", "process of machine " + uuid + ": " + refused.getMessage(), refused);
      }
      LOG.info("machine {} not adopted: {}", uuid, refused.getMessage());
      return Optional.empty();
    } catch (IOException failed) {
      throw KeeperLink.unreachable(failed);
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

  /** The link is somebody else's. */
  @Override
  public void close() {
    listener.set(null);
  }

  private interface Call {
    void on(KeeperClient open) throws IOException;
  }

  private void unless(Set<FailureCode> harmless, Call call) throws HostException {
    try {
      call.on(link.client());
    } catch (KeeperException refused) {
      if (!harmless.contains(refused.code())) {
        throw new HostException(
            "KeeperRefused", "the keeper refused: " + refused.getMessage(), refused);
      }
    } catch (IOException failed) {
      throw KeeperLink.unreachable(failed);
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

  private final class Events implements KeeperLink.Listener {
    @Override
    public void exited(ProcessState process) {
      tell(hears -> hears.exited(known(process)));
    }

    @Override
    public void disconnected() {
      tell(Listener::disconnected);
    }

    @Override
    public void reconnected() {
      tell(Listener::reconnected);
    }

    private void tell(Consumer<Listener> event) {
      Listener hears = listener.get();
      if (hears != null) {
        event.accept(hears);
      }
    }
  }
}
