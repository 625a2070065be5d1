package dev.holdfast.keeper;

import dev.holdfast.keeper.client.KeeperListener;
import dev.holdfast.keeper.protocol.Event;
import dev.holdfast.keeper.protocol.ProcessExit;
import dev.holdfast.keeper.protocol.ProcessState;
import dev.holdfast.keeper.protocol.lease.LockspaceState;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.Awaitility;

/** Remembers what the keeper told. */
public final class RecordingListener implements KeeperListener {
  private final Map<UUID, ProcessState> exits = new ConcurrentHashMap<>();
  private final CompletableFuture<String> disconnected = new CompletableFuture<>();

  @Override
  public void exited(ProcessState process) {
    exits.put(process.machineId(), process);
  }

  private final List<LockspaceState> lockspaces = new CopyOnWriteArrayList<>();
  private final List<Event.LeasesLost> losses = new CopyOnWriteArrayList<>();

  @Override
  public void lockspaceChanged(LockspaceState state) {
    lockspaces.add(state);
  }

  @Override
  public void leasesLost(Event.LeasesLost lost) {
    losses.add(lost);
  }

  /** Every change of a lockspace, in order. */
  public List<LockspaceState> lockspaceChanges() {
    return List.copyOf(lockspaces);
  }

  /** Every loss of leases, in order. */
  public List<Event.LeasesLost> losses() {
    return List.copyOf(losses);
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
