package dev.holdfast.keeper.sanlock.resource;

import dev.holdfast.keeper.sanlock.format.BallotBlock;
import dev.holdfast.keeper.sanlock.format.LeaderRecord;
import java.util.NavigableMap;

/**
 * What one read of a resource has shown; its parts may be of different moments.
 *
 * @param blocks of the hosts that ever took part, by host id, as far as was read
 */
record AreaView(LeaderRecord leader, NavigableMap<Integer, BallotBlock> blocks) {
  BallotBlock block(int hostId) {
    return blocks.getOrDefault(hostId, BallotBlock.EMPTY);
  }

  /** A ballot above all others that were read, and this host's alone. */
  long nextBallot(int hostId) {
    long highest = blocks.values().stream().mapToLong(BallotBlock::ballot).max().orElse(0);
    long stride = leader.mostHosts();
    return highest == 0 ? hostId : highest - highest % stride + stride + hostId;
  }

  /** The highest version that any host has taken part in. */
  long highestVersion() {
    return blocks.values().stream().mapToLong(BallotBlock::leaseVersion).max().orElse(0);
  }

  /**
   * Whether the leader record is older than it can be: a host begins a ballot over a version only
   * when the one before is committed. Seen in a read that was torn by another's commit, or when a
   * write of a dead host was done very late.
   */
  boolean isLeaderStale() {
    return highestVersion() > leader.leaseVersion() + 1;
  }
}
