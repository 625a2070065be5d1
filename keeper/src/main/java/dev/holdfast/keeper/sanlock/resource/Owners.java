package dev.holdfast.keeper.sanlock.resource;

import dev.holdfast.keeper.sanlock.format.BallotBlock;
import dev.holdfast.keeper.sanlock.format.HostStamp;
import dev.holdfast.keeper.sanlock.format.LeaderRecord;
import dev.holdfast.keeper.sanlock.lockspace.Lockspace;
import dev.holdfast.keeper.sanlock.lockspace.Peer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Whether those that storage names as owners of a resource still have it. */
final class Owners {
  private final Lockspace lockspace;
  private final ResourceStorage storage;

  Owners(Lockspace lockspace, ResourceStorage storage) {
    this.lockspace = lockspace;
    this.storage = storage;
  }

  /** Why the lease may not be taken; empty if it may. */
  Optional<AcquireResult> obstacle(LeaderRecord leader, long ourGeneration) throws IOException {
    HostStamp owner = leader.owner();
    if (leader.isFree()) {
      return Optional.empty();
    }
    if (owner.hostId() == lockspace.settings().hostId()) {
      // Whoever had our host id before is gone since we have it.
      return owner.generation() <= ourGeneration || isGone(look(owner), owner.generation())
          ? Optional.empty()
          : Optional.of(
              new AcquireResult.HostIdLost(
                  "our host id is in its generation %d, ours is %d"
                      .formatted(owner.generation(), ourGeneration)));
    }
    Peer peer = look(owner);
    if (isGone(peer, owner.generation()) || isReleased(leader)) {
      return Optional.empty();
    }
    return Optional.of(
        new AcquireResult.Held(
            LeaseMode.EXCLUSIVE,
            leader.leaseVersion(),
            List.of(new Holder((int) owner.hostId(), owner.generation(), peer))));
  }

  /**
   * Whether an owner that another host has committed had given up before: it does not know that it
   * has won. Its block is read again, for in a read of the whole area it may be older than the
   * leader record.
   */
  boolean isReleased(LeaderRecord leader) throws IOException {
    if (leader.writer().hostId() == leader.owner().hostId()) {
      return false;
    }
    HostStamp owner = leader.owner();
    BallotBlock block = storage.readBlock((int) owner.hostId());
    // A late write of an earlier life of the owner says nothing of this one.
    boolean earlier = block.vote().hostId() == owner.hostId() && !block.vote().isSameLife(owner);
    return block.released() && block.leaseVersion() == leader.leaseVersion() && !earlier;
  }

  /** The owner that a leader record names, or did before it was freed; empty if it never did. */
  Optional<Holder> named(LeaderRecord leader) throws IOException {
    HostStamp owner = leader.owner();
    return owner.hostId() == 0
        ? Optional.empty()
        : Optional.of(new Holder((int) owner.hostId(), owner.generation(), look(owner)));
  }

  /**
   * All that share the resource. Marks of those who are gone stay where they are: a write to
   * another host's block could be done late, over what that host has written since.
   *
   * @param except a host id to leave out; 0 for none
   */
  List<Holder> sharing(AreaView view, int except) throws IOException {
    List<Holder> alive = new ArrayList<>();
    for (Map.Entry<Integer, BallotBlock> entry : view.blocks().entrySet()) {
      int hostId = entry.getKey();
      BallotBlock block = entry.getValue();
      if (block.mode().shared() && hostId != except) {
        long generation = block.mode().generation();
        Peer peer = lockspace.look(hostId);
        if (!isGone(peer, generation)) {
          alive.add(new Holder(hostId, generation, peer));
        }
      }
    }
    return alive;
  }

  private Peer look(HostStamp owner) throws IOException {
    return lockspace.look((int) owner.hostId());
  }

  private boolean isGone(Peer peer, long generation) {
    return lockspace.isLifeOver(peer.hostId(), generation);
  }
}
