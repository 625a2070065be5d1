package dev.holdfast.keeper.sanlock.lockspace;

import java.time.Duration;

/**
 * Another host, or ourselves, as its record in the lockspace shows it.
 *
 * @param hostName empty for a host id that was never used
 * @param generation of the host id's present or last owner
 * @param lastChange when its record was last seen to change, or first seen, by our clock
 * @param deadAt when it may be taken for dead if its record does not change until then, by our
 *     clock; of no meaning while free
 */
public record Peer(
    int hostId,
    String hostName,
    long generation,
    PeerState state,
    Duration lastChange,
    Duration deadAt) {}
