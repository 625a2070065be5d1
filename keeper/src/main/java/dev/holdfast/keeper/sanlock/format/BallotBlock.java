package dev.holdfast.keeper.sanlock.format;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A host's block in a ballot over the next owner of a resource (the "dblock" of Disk Paxos, Gafni
 * and Lamport 2003). Every host writes only its own and reads all.
 *
 * @param ballot the highest ballot that this host has begun ("mbal")
 * @param votedBallot the highest ballot in which it has voted ("bal"); 0 for none
 * @param vote who shall be the owner, {@link HostStamp#NONE} for no vote ("inp")
 * @param leaseVersion the version of the lease that all this is about
 * @param released whether this host has given up what it had or wanted in that version
 */
public record BallotBlock(
    long ballot,
    long votedBallot,
    HostStamp vote,
    long leaseVersion,
    boolean released,
    ModeBlock mode) {
  /** Of a host that has never taken part. */
  public static final BallotBlock EMPTY =
      new BallotBlock(0, 0, HostStamp.NONE, 0, false, ModeBlock.NONE);

  private static final int CHECKSUM_OFFSET = LeaseChecksum.BALLOT_BYTES;
  private static final int FLAGS_OFFSET = 52;
  private static final int BYTES = 56;
  private static final int RELEASED = 0x1;

  /** Whether a sector was never written, or zeroed; most are, and this is quick. */
  public static boolean isUnused(byte[] bytes, int offset) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    return isZero(in, offset) && in.getInt(offset + ModeBlock.OFFSET) == 0;
  }

  /** Ballots without a vote yet. */
  public static BallotBlock begun(long ballot, long leaseVersion) {
    return new BallotBlock(ballot, 0, HostStamp.NONE, leaseVersion, false, ModeBlock.NONE);
  }

  /**
   * Reads the block at the beginning of a sector.
   *
   * @throws LeaseFormatException for a wrong checksum
   */
  public static BallotBlock decode(byte[] bytes, int offset) throws LeaseFormatException {
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    boolean shared = (in.getInt(offset + ModeBlock.OFFSET) & ModeBlock.SHARED) != 0;
    ModeBlock mode =
        shared ? new ModeBlock(true, in.getLong(offset + ModeBlock.OFFSET + 8)) : ModeBlock.NONE;
    if (isZero(in, offset)) {
      return shared ? EMPTY.withMode(mode) : EMPTY;
    }
    int checksum = in.getInt(offset + CHECKSUM_OFFSET);
    int expected = LeaseChecksum.ofBallot(bytes, offset);
    if (checksum != expected) {
      throw new LeaseFormatException(
          "a ballot block is damaged: its checksum is 0x%x, that of its bytes 0x%x"
              .formatted(checksum, expected));
    }
    return new BallotBlock(
        in.getLong(offset),
        in.getLong(offset + 8),
        new HostStamp(in.getLong(offset + 16), in.getLong(offset + 24), in.getLong(offset + 32)),
        in.getLong(offset + 40),
        (in.getInt(offset + FLAGS_OFFSET) & RELEASED) != 0,
        mode);
  }

  private static boolean isZero(ByteBuffer in, int offset) {
    for (int at = 0; at < BYTES; at += 8) {
      if (in.getLong(offset + at) != 0) {
        return false;
      }
    }
    return true;
  }

  /** A whole sector with this block, and nothing else but its mode. */
  public byte[] sector(int sectorSize) {
    byte[] sector = new byte[sectorSize];
    if (equals(EMPTY)) {
      return sector;
    }
    ByteBuffer out = ByteBuffer.wrap(sector).order(ByteOrder.LITTLE_ENDIAN);
    out.putLong(0, ballot);
    out.putLong(8, votedBallot);
    out.putLong(16, vote.hostId());
    out.putLong(24, vote.generation());
    out.putLong(32, vote.timestamp());
    out.putLong(40, leaseVersion);
    out.putInt(CHECKSUM_OFFSET, LeaseChecksum.ofBallot(sector, 0));
    out.putInt(FLAGS_OFFSET, released ? RELEASED : 0);
    if (mode.shared()) {
      out.putInt(ModeBlock.OFFSET, ModeBlock.SHARED);
      out.putLong(ModeBlock.OFFSET + 8, mode.generation());
    }
    return sector;
  }

  public boolean hasVote() {
    return vote.hostId() != 0;
  }

  /** The same host in a later ballot of the same version; its vote stays. */
  public BallotBlock withBallot(long newBallot) {
    return new BallotBlock(newBallot, votedBallot, vote, leaseVersion, false, ModeBlock.NONE);
  }

  /** The vote in the current ballot. */
  public BallotBlock votingFor(HostStamp newVote) {
    return new BallotBlock(ballot, ballot, newVote, leaseVersion, false, ModeBlock.NONE);
  }

  /** Given up, except for what the mode says. */
  public BallotBlock released(ModeBlock newMode) {
    return new BallotBlock(ballot, votedBallot, vote, leaseVersion, true, newMode);
  }

  private BallotBlock withMode(ModeBlock newMode) {
    return new BallotBlock(ballot, votedBallot, vote, leaseVersion, released, newMode);
  }
}
