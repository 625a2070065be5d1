package dev.holdfast.keeper.sanlock.lockspace;

import dev.holdfast.keeper.sanlock.format.LeaderRecord;

/** What came of asking for a host id. */
public sealed interface JoinResult {
  /** It is ours, and must be renewed from now on. */
  record Joined(Membership membership) implements JoinResult {}

  /**
   * Another host has it, or was faster.
   *
   * @param other that host's record
   */
  record Busy(LeaderRecord other) implements JoinResult {}
}
