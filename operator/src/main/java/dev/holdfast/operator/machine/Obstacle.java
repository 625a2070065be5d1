package dev.holdfast.operator.machine;

import dev.holdfast.operator.status.Reason;

/**
 * What keeps a machine from being started, for as long as it is there.
 *
 * @param message what is wrong and what to do about it
 */
record Obstacle(Reason reason, String message) {}
