package dev.holdfast.keeper.sanlock.lockspace;

import java.time.Duration;

/**
 * Another host, or ourselves, as its record in the lockspace shows it.
 *
 * @param hostName empty for a host id that was never used
 * @param generation of the host id's present or last owner
 * @param settled whether that owner was renewed in this life; if not, the record may be a late
 *     write over that of another, which does not know yet. Unknown, and false, of a sanlock host
 * @param lastChange when its record was last seen to change, or first seen, by our clock
 * @param deadAt when it may be taken for dead if its record does not change until then, by our
 *     clock; of no meaning while free
 * @param othersDeadAt when every other life of the host id is over if its record goes on to show
 *     this one until then, or does not change at all, by our clock: a late write can bring an
 *     earlier life back, and a later one finds out, and ends, when it is to be renewed
 */
public record Peer(
    int hostId,
    String hostName,
    long generation,
    boolean settled,
    PeerState state,
    Duration lastChange,
    Duration deadAt,
    Duration othersDeadAt) {}
