package dev.holdfast.keeper.sanlock.lockspace;

import java.time.Duration;

/**
 * Joining waits for the last owner of the host id to be surely gone.
 *
 * @param hostName that owner
 * @param givenBack whether it has given the host id back; if not, it is silent, or alive
 * @param end of the wait, by our clock, if nothing happens
 */
public record JoinWait(String hostName, boolean givenBack, Duration end) {}
