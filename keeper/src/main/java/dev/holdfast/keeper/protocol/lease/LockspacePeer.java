package dev.holdfast.keeper.protocol.lease;

import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Another host of a lockspace, as its record on the storage tells.
 *
 * @param hostId its number
 * @param hostName the name under which it joined
 * @param generation grows each time the host id is acquired
 * @param deadAt when it may be taken for dead, for a failing host
 */
public record LockspacePeer(
    int hostId, String hostName, long generation, PeerState state, @Nullable Instant deadAt) {
  public LockspacePeer {
    Objects.requireNonNull(hostName, "hostName is missing");
    Objects.requireNonNull(state, "state is missing");
  }
}
