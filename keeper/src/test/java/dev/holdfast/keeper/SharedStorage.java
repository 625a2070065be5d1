package dev.holdfast.keeper;

import dev.holdfast.keeper.client.KeeperClient;
import dev.holdfast.keeper.protocol.lease.Lease;
import dev.holdfast.keeper.protocol.lease.LeaseMode;
import dev.holdfast.keeper.protocol.lease.Lockspace;
import dev.holdfast.keeper.protocol.lease.LockspacePhase;
import dev.holdfast.keeper.protocol.lease.LockspaceState;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/**
 * A lockspace in a file, with the shortest I/O timeout: T = 1 s.
 *
 * @param path of the file with the lockspace and its leases
 */
record SharedStorage(Path path, String name) {
  static final Duration T = Duration.ofSeconds(1);

  /** Shorter than sanlock's 60 s, so that tests need not wait so long for the dead. */
  static final Duration FIRE_TIMEOUT = Duration.ofSeconds(8);

  Lockspace as(int hostId) {
    return new Lockspace(name, path, 0, hostId, "host-" + hostId, (int) T.toSeconds(), 512, 1);
  }

  Lease.Sanlock lease(int number, LeaseMode mode, @Nullable Long version) {
    return new Lease.Sanlock(name, "disk-" + number, path, (2L + number) << 20, mode, version);
  }

  Lease.Sanlock lease(int number) {
    return lease(number, LeaseMode.EXCLUSIVE, null);
  }

  /** Makes the lockspace if it is missing, joins it and waits until it is live. */
  LockspaceState join(KeeperClient client, int hostId) throws IOException {
    client.formatLockspace(as(hostId));
    client.joinLockspace(as(hostId));
    return awaitPhase(client, LockspacePhase.LIVE);
  }

  LockspaceState awaitPhase(KeeperClient client, LockspacePhase phase) {
    return Awaitility.await()
        .atMost(Duration.ofSeconds(40))
        .until(() -> state(client), state -> state.phase() == phase);
  }

  LockspaceState state(KeeperClient client) throws IOException {
    return client.listLockspaces().stream()
        .filter(state -> state.lockspace().name().equals(name))
        .findFirst()
        .orElseThrow();
  }
}
