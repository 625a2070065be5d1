package dev.holdfast.keeper.lease;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One lock for each machine, so that what concerns one machine never waits for another's storage.
 */
public final class Gates {
  private static final class Gate {
    private final ReentrantLock lock = new ReentrantLock();
    private int users;
  }

  /** Those in use or waited for. Guarded by this. */
  private final Map<UUID, Gate> gates = new HashMap<>();

  /** Waits for the machine's gate; to be closed by the same thread. */
  Passage enter(UUID machine) {
    Gate gate = use(machine);
    gate.lock.lock();
    return () -> leave(machine, gate);
  }

  /** Passes the machine's gate if nobody is in it; to be closed by the same thread. */
  Optional<Passage> tryEnter(UUID machine) {
    Gate gate = use(machine);
    if (gate.lock.tryLock()) {
      return Optional.of(() -> leave(machine, gate));
    }
    unuse(machine, gate);
    return Optional.empty();
  }

  private void leave(UUID machine, Gate gate) {
    gate.lock.unlock();
    unuse(machine, gate);
  }

  private synchronized Gate use(UUID machine) {
    Gate gate = gates.computeIfAbsent(machine, _ -> new Gate());
    gate.users++;
    return gate;
  }

  private synchronized void unuse(UUID machine, Gate gate) {
    gate.users--;
    if (gate.users == 0) {
      gates.remove(machine);
    }
  }

  interface Passage extends AutoCloseable {
    @Override
    void close();
  }
}
