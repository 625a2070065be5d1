package dev.holdfast.keeper.sanlock.model;

import dev.holdfast.keeper.sanlock.disk.LeaseDisk;
import dev.holdfast.keeper.sanlock.disk.Ticks;
import dev.holdfast.keeper.sanlock.format.BallotBlock;
import dev.holdfast.keeper.sanlock.format.HostStamp;
import dev.holdfast.keeper.sanlock.format.LeaderRecord;
import dev.holdfast.keeper.sanlock.format.ModeBlock;
import dev.holdfast.keeper.sanlock.lockspace.LeaseTimes;
import java.io.IOException;
import java.time.Duration;

/**
 * One rule less; without any of them two hosts would run on the same lease some day. Rules that
 * only end earlier what another rule ends anyway are not among them: that phase 1 ends a ballot
 * which phase 2 would end, that a renewal looks before it writes, that a commit which failed is
 * doubted though others would find its votes.
 */
enum BrokenRule implements Sabotage {
  /** Another host's higher ballot ends ours. */
  ABORT_FOR_HIGHER_BALLOTS {
    @Override
    public LeaseDisk leaseDisk(LeaseDisk disk, int hostId) {
      return new LyingDisk(disk, hostId) {
        @Override
        byte[] inPhase1(byte[] bytes, BallotBlock ours) throws IOException {
          return withOthers(bytes, block -> behind(block, ours));
        }

        @Override
        byte[] inPhase2(byte[] bytes, BallotBlock ours) throws IOException {
          return withOthers(bytes, block -> behind(block, ours));
        }
      };
    }
  },
  /** Phase 2: what was read in phase 1 is not enough. */
  READ_AGAIN_IN_PHASE_2 {
    @Override
    public LeaseDisk leaseDisk(LeaseDisk disk, int hostId) {
      return new LyingDisk(disk, hostId) {
        @Override
        byte[] inPhase2(byte[] bytes, BallotBlock ours) {
          return asBefore(bytes);
        }
      };
    }
  },
  /** Votes of others bind us. */
  VOTE_FOR_WHOM_OTHERS_VOTED {
    @Override
    public LeaseDisk leaseDisk(LeaseDisk disk, int hostId) {
      return new LyingDisk(disk, hostId) {
        @Override
        byte[] inPhase1(byte[] bytes, BallotBlock ours) throws IOException {
          return withOthers(bytes, BrokenRule::withoutVote);
        }
      };
    }
  },
  /** A ballot ends when somebody has decided it, or has gone on from there. */
  END_WHEN_OTHERS_ARE_FURTHER {
    @Override
    public LeaseDisk leaseDisk(LeaseDisk disk, int hostId) {
      return new LyingDisk(disk, hostId) {
        @Override
        byte[] inPhase1(byte[] bytes, BallotBlock ours) throws IOException {
          return withLeaderAsBefore(withOthers(bytes, block -> withoutLater(block, ours)));
        }

        @Override
        byte[] inPhase2(byte[] bytes, BallotBlock ours) throws IOException {
          return withLeaderAsBefore(withOthers(bytes, block -> withoutLater(block, ours)));
        }
      };
    }
  },
  /** Of a ballot in which storage failed nothing is known. */
  DOUBT_A_BALLOT_THAT_FAILED {
    @Override
    public LeaseDisk leaseDisk(LeaseDisk disk, int hostId) {
      return new LyingDisk(disk, hostId) {
        @Override
        boolean forgivesPhase2() {
          return true;
        }
      };
    }
  },
  /** Who shares excludes who wants the lease alone. */
  RESPECT_SHARED_HOLDERS {
    @Override
    public LeaseDisk leaseDisk(LeaseDisk disk, int hostId) {
      return new LyingDisk(disk, hostId) {
        @Override
        byte[] inPhase1(byte[] bytes, BallotBlock ours) throws IOException {
          return withOthers(bytes, BrokenRule::unshared);
        }

        @Override
        byte[] inPhase2(byte[] bytes, BallotBlock ours) throws IOException {
          return withOthers(bytes, BrokenRule::unshared);
        }
      };
    }
  },
  /** A live owner keeps its lease. */
  RESPECT_LIVE_OWNERS {
    @Override
    public LeaseDisk lockspaceDisk(LeaseDisk disk, int hostId) {
      return new LeaseDiskFilter(disk) {
        @Override
        byte[] shown(long offset, byte[] bytes) throws IOException {
          long own = (long) (hostId - 1) * SharedStorage.SECTOR;
          return bytes.length == SharedStorage.SECTOR && offset != own
              ? LeaderRecord.decode(bytes, 0).released(true).sector()
              : bytes;
        }
      };
    }
  },
  /** A silent owner may be alive until its watchdog must have fired. */
  WAIT_FOR_THE_WATCHDOG {
    @Override
    public LeaseTimes times(LeaseTimes times) {
      return new LeaseTimes(times.ioTimeout(), Duration.ZERO);
    }
  },
  /** A host id is ours only if our first write is still there after a while. */
  WAIT_AFTER_TAKING_A_HOST_ID {
    @Override
    public Ticks joinTicks(Ticks ticks) {
      return impatient(ticks, Duration.ZERO, Duration.ofSeconds(2));
    }

    @Override
    public double ambiguity() {
      return 1;
    }

    @Override
    public long startsWithin() {
      return 20 * World.MILLISECOND;
    }
  },
  /** A host id of a silent host is not free yet. */
  WAIT_FOR_THE_LAST_USER_OF_A_HOST_ID {
    @Override
    public Ticks joinTicks(Ticks ticks) {
      return impatient(ticks, Duration.ofSeconds(3), Duration.ofDays(1));
    }
  },
  /** What was not renewed in time is ended, whatever else happens. */
  END_WHAT_IS_NOT_RENEWED {
    @Override
    public boolean isFenced() {
      return false;
    }
  },
  /** A write that timed out is waited for before the next to the same sector. */
  KEEP_WRITES_IN_ORDER {
    @Override
    public boolean isOrdered() {
      return false;
    }
  };

  private static BallotBlock behind(BallotBlock block, BallotBlock ours) {
    return new BallotBlock(
        Math.min(block.ballot(), ours.ballot()),
        block.votedBallot(),
        block.vote(),
        block.leaseVersion(),
        block.released(),
        block.mode());
  }

  private static BallotBlock withoutVote(BallotBlock block) {
    return new BallotBlock(
        block.ballot(), 0, HostStamp.NONE, block.leaseVersion(), block.released(), block.mode());
  }

  private static BallotBlock withoutLater(BallotBlock block, BallotBlock ours) {
    return block.leaseVersion() > ours.leaseVersion() ? BallotBlock.EMPTY : block;
  }

  private static BallotBlock unshared(BallotBlock block) {
    return new BallotBlock(
        block.ballot(),
        block.votedBallot(),
        block.vote(),
        block.leaseVersion(),
        block.released(),
        ModeBlock.NONE);
  }

  private static Ticks impatient(Ticks ticks, Duration shortest, Duration longest) {
    return new Ticks() {
      @Override
      public Duration now() {
        return ticks.now();
      }

      @Override
      public void sleep(Duration duration) throws InterruptedException {
        boolean skipped = duration.compareTo(shortest) >= 0 && duration.compareTo(longest) <= 0;
        ticks.sleep(skipped ? Duration.ofMillis(1) : duration);
      }
    };
  }
}
