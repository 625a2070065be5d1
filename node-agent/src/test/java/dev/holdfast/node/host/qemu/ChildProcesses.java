package dev.holdfast.node.host.qemu;

import dev.holdfast.node.host.HostException;
import dev.holdfast.node.plan.HostState.QemuProcess;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Processes as children of the test's own JVM, in place of the keeper. */
final class ChildProcesses implements QemuProcesses {
  private final Map<String, Process> processes = new ConcurrentHashMap<>();
  private final Map<String, Known> known = new ConcurrentHashMap<>();
  private final Map<String, Known> hidden = new ConcurrentHashMap<>();
  private final AtomicReference<@Nullable Listener> listener = new AtomicReference<>();

  @Override
  public Known launch(String uuid, List<String> command, Rights rights, Path log)
      throws HostException {
    var arguments =
        new ArrayList<>(
            List.of(
                "setpriv",
                "--reuid=" + rights.uid(),
                "--regid=" + rights.uid(),
                "--clear-groups",
                "--"));
    arguments.addAll(command);
    try {
      Process process =
          new ProcessBuilder(arguments)
              .redirectInput(new File("/dev/null"))
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
      processes.put(uuid, process);
      var living = new Known(uuid, process.pid(), Instant.now(), null);
      known.put(uuid, living);
      var _ = process.onExit().thenAccept(ended -> exited(living, ended, log));
      return living;
    } catch (IOException failed) {
      throw new HostException("QemuFailed", String.valueOf(failed.getMessage()), failed);
    }
  }

  private void exited(Known living, Process ended, Path log) {
    var exit =
        new QemuProcess.Exited(
            ended.exitValue() > 128
                ? "killed by signal " + (ended.exitValue() - 128)
                : "exit status " + ended.exitValue(),
            read(log),
            Instant.now());
    var dead = new Known(living.uuid(), living.processId(), living.since(), exit);
    known.replace(living.uuid(), living, dead);
    Listener hears = listener.get();
    if (hears != null) {
      hears.exited(dead);
    }
  }

  private static String read(Path log) {
    try {
      return Files.readString(log);
    } catch (IOException gone) {
      return "";
    }
  }

  /** Makes a process one that an earlier keeper has started: living, but not in the list. */
  void hide(String uuid) {
    hidden.put(uuid, Objects.requireNonNull(known.remove(uuid)));
  }

  void disconnect() {
    Listener hears = listener.get();
    if (hears != null) {
      hears.disconnected();
    }
  }

  void reconnect() {
    Listener hears = listener.get();
    if (hears != null) {
      hears.reconnected();
    }
  }

  /** As if the keeper had gone, and its successor found no living process. */
  void loseSightOf(String uuid) {
    known.remove(uuid);
  }

  long processId(String uuid) {
    return Objects.requireNonNull(processes.get(uuid)).pid();
  }

  @Override
  public List<Known> list() {
    return List.copyOf(known.values());
  }

  @Override
  public Optional<Known> adopt(String uuid, long processId, Path pidFile, Path log) {
    Known found = hidden.remove(uuid);
    if (found == null || found.processId() != processId) {
      return Optional.empty();
    }
    known.put(uuid, found);
    return Optional.of(found);
  }

  @Override
  public void kill(String uuid) {
    Process process = processes.get(uuid);
    if (process != null) {
      process.destroyForcibly();
    }
  }

  @Override
  public void forget(String uuid) {
    known.remove(uuid);
    processes.remove(uuid);
  }

  @Override
  public void listen(Listener hears) {
    listener.set(hears);
  }

  @Override
  public void close() {}

  /** Ends whatever still lives. */
  void end() {
    processes.values().forEach(Process::destroyForcibly);
    processes.values().forEach(process -> process.onExit().join());
  }
}
