package dev.holdfast.node.agent.status;

import dev.holdfast.node.host.HostException;

/**
 * Why something failed.
 *
 * @param reason in CamelCase
 * @param message what happened, in the tool's own words
 */
public record Cause(String reason, String message) {
  /** A failure as the cause of a back-off. */
  public static Cause of(HostException failure) {
    return new Cause(failure.reason(), InstanceStatus.message(failure));
  }
}
