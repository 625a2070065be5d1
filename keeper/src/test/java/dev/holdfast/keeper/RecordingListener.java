package dev.holdfast.keeper;

import dev.holdfast.keeper.client.KeeperListener;
import dev.holdfast.keeper.protocol.ProcessExit;
import dev.holdfast.keeper.protocol.ProcessState;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.awaitility.Awaitility;

/** Remembers what the keeper told. */
public final class RecordingListener implements KeeperListener {
  private final Map<UUID, ProcessState> exits = new ConcurrentHashMap<>();
  private final CompletableFuture<String> disconnected = new CompletableFuture<>();

  @Override
  public void exited(ProcessState process) {
    exits.put(process.machineId(), process);
  }

  @Override
  public void disconnected(String reason) {
    disconnected.complete(reason);
  }

  public boolean isDisconnected() {
    return disconnected.isDone();
  }

  public int exitCount() {
    return exits.size();
  }

  public ProcessExit awaitExit(UUID machine) {
    return Objects.requireNonNull(
        Awaitility.await().until(() -> exits.get(machine), Objects::nonNull).exit());
  }
}
