package dev.holdfast.keeper.sanlock.lockspace;

import dev.holdfast.keeper.sanlock.format.HostBitmap;
import dev.holdfast.keeper.sanlock.format.LeaderRecord;

/**
 * What a process leaves to its successor on the same host, so that it goes on with the same host id
 * in the same life, without a wait.
 *
 * @param record ours as it was last written
 * @param bitmap written with it
 */
public record Continuation(Membership membership, LeaderRecord record, HostBitmap bitmap) {}
