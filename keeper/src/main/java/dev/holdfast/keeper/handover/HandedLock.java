package dev.holdfast.keeper.handover;

import dev.holdfast.keeper.protocol.lease.Lease;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A lock of an open file description for a machine.
 *
 * @param descriptor of that description
 * @param heldByProcess whether the machine's process has the description too
 * @param since when it was locked; absent where it is not locked now, for a paused machine
 */
public record HandedLock(
    UUID machine,
    Lease.Ofd lease,
    int descriptor,
    boolean heldByProcess,
    @Nullable Instant since) {}
