package dev.holdfast.keeper.sanlock.lockspace;

import java.time.Duration;

/**
 * That a host id is ours.
 *
 * @param generation which life of the host id this is
 * @param lastRenewal from when on the times of {@link LeaseTimes} count, by our clock
 */
public record Membership(int hostId, long generation, Duration lastRenewal) {}
