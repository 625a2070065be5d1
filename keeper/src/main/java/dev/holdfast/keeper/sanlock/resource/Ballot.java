package dev.holdfast.keeper.sanlock.resource;

import dev.holdfast.keeper.sanlock.format.BallotBlock;
import dev.holdfast.keeper.sanlock.format.HostStamp;
import dev.holdfast.keeper.sanlock.format.LeaderRecord;
import java.io.IOException;
import java.util.Comparator;
import java.util.Map;

/**
 * One ballot of Disk Paxos over the owner of one version, up to the moment where its outcome may be
 * committed. Every host that gets so far for the same version has the same outcome.
 */
final class Ballot {
  private final ResourceStorage storage;
  private final int hostId;
  private final LeaderRecord leader;

  private AreaView seen;
  private BallotBlock mine;

  /**
   * Prepares a ballot; nothing is written yet.
   *
   * @param view from which the number of the ballot follows
   */
  Ballot(ResourceStorage storage, int hostId, AreaView view, long version) {
    this.storage = storage;
    this.hostId = hostId;
    this.leader = view.leader();
    this.seen = view;
    long number = view.nextBallot(hostId);
    BallotBlock before = view.block(hostId);
    // A vote of an earlier attempt may have decided already, even one of an earlier life.
    this.mine =
        before.leaseVersion() == version
            ? before.withBallot(number)
            : BallotBlock.begun(number, version);
  }

  /** Our block as it is on storage, or as the last write would have it. */
  BallotBlock mine() {
    return mine;
  }

  /** What was read last. */
  AreaView seen() {
    return seen;
  }

  /**
   * Announces the ballot.
   *
   * @return whether we may vote
   */
  boolean begin() throws IOException {
    return writeAndRead();
  }

  /**
   * Votes for whom others may have chosen already, or for ourselves. From the moment of the write
   * on, others may take over our vote.
   *
   * @return whether that is the outcome
   */
  boolean vote(HostStamp ourselves) throws IOException {
    HostStamp vote =
        seen.blocks().values().stream()
            .filter(block -> block.leaseVersion() == mine.leaseVersion() && block.hasVote())
            .max(Comparator.comparingLong(BallotBlock::votedBallot))
            .map(BallotBlock::vote)
            .orElse(ourselves);
    mine = mine.votingFor(vote);
    return writeAndRead();
  }

  private boolean writeAndRead() throws IOException {
    storage.writeBlock(hostId, mine);
    seen = storage.read();
    // Our own block differs when a write of an earlier life of ours was done only now.
    return seen.leader().equals(leader)
        && seen.block(hostId).equals(mine)
        && seen.blocks().entrySet().stream().noneMatch(this::isAhead);
  }

  private boolean isAhead(Map.Entry<Integer, BallotBlock> entry) {
    BallotBlock block = entry.getValue();
    return block.leaseVersion() > mine.leaseVersion()
        || (block.leaseVersion() == mine.leaseVersion() && block.ballot() > mine.ballot());
  }
}
