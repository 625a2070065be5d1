package dev.holdfast.keeper.sanlock.model;

import dev.holdfast.keeper.sanlock.disk.LeaseDisk;
import dev.holdfast.keeper.sanlock.format.BallotBlock;
import dev.holdfast.keeper.sanlock.format.LeaseFormatException;
import dev.holdfast.keeper.sanlock.format.ResourceLayout;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Storage that shows one host's lease something else than there is; by itself it does not. */
class LyingDisk implements LeaseDisk {
  private static final int BALLOTS =
      ResourceLayout.ballotOffset(SharedStorage.GEOMETRY, 1) / SharedStorage.SECTOR;

  private final LeaseDisk disk;
  private final int hostId;

  private @Nullable BallotBlock mine;
  private byte @Nullable [] before;

  LyingDisk(LeaseDisk disk, int hostId) {
    this.disk = disk;
    this.hostId = hostId;
  }

  @Override
  public final byte[] read(long offset, int length, Duration timeout) throws IOException {
    BallotBlock ours = mine;
    byte[] bytes;
    try {
      bytes = disk.read(offset, length, timeout);
    } catch (IOException failure) {
      byte[] old = before;
      if (ours == null || old == null || !isInPhase2(ours) || !forgivesPhase2()) {
        throw failure;
      }
      bytes = Arrays.copyOf(old, length);
      int own = (BALLOTS + hostId - 1) * SharedStorage.SECTOR;
      System.arraycopy(ours.sector(SharedStorage.SECTOR), 0, bytes, own, SharedStorage.SECTOR);
    }
    if (length <= SharedStorage.SECTOR) {
      return bytes;
    }
    mine = null;
    if (ours == null) {
      before = Arrays.copyOf(bytes, SharedStorage.SECTORS * SharedStorage.SECTOR);
      return bytes;
    }
    byte[] shown = isInPhase2(ours) ? inPhase2(bytes, ours) : inPhase1(bytes, ours);
    before = Arrays.copyOf(shown, SharedStorage.SECTORS * SharedStorage.SECTOR);
    return shown;
  }

  @Override
  public final void write(long offset, byte[] sector, Duration timeout) throws IOException {
    if (offset == ownOffset()) {
      BallotBlock block = BallotBlock.decode(sector, 0);
      mine = block.released() ? null : block;
    }
    write(disk, offset, sector, timeout);
  }

  void write(LeaseDisk real, long offset, byte[] sector, Duration timeout) throws IOException {
    real.write(offset, sector, timeout);
  }

  private static boolean isInPhase2(BallotBlock ours) {
    return ours.ballot() == ours.votedBallot();
  }

  /** Whether a read of phase 2 that fails shows what the one before has shown. */
  boolean forgivesPhase2() {
    return false;
  }

  byte[] inPhase1(byte[] bytes, BallotBlock ours) throws IOException {
    return bytes;
  }

  byte[] inPhase2(byte[] bytes, BallotBlock ours) throws IOException {
    return bytes;
  }

  private long ownOffset() {
    return (long) SharedStorage.RESOURCE_OFFSET
        + ResourceLayout.ballotOffset(SharedStorage.GEOMETRY, hostId);
  }

  /** What the read before has shown, with our own block as it is now. */
  final byte[] asBefore(byte[] bytes) {
    byte[] old = before;
    if (old == null) {
      return bytes;
    }
    byte[] shown = bytes.clone();
    System.arraycopy(old, 0, shown, 0, Math.min(old.length, shown.length));
    int own = (BALLOTS + hostId - 1) * SharedStorage.SECTOR;
    System.arraycopy(bytes, own, shown, own, SharedStorage.SECTOR);
    return shown;
  }

  /** The leader record that the read before has shown. */
  final byte[] withLeaderAsBefore(byte[] bytes) {
    byte[] shown = bytes.clone();
    if (before != null) {
      System.arraycopy(before, 0, shown, 0, SharedStorage.SECTOR);
    }
    return shown;
  }

  /** Other blocks of the others. */
  final byte[] withOthers(byte[] bytes, UnaryOperator<BallotBlock> change)
      throws LeaseFormatException {
    byte[] shown = bytes.clone();
    int hosts = Math.min(bytes.length / SharedStorage.SECTOR, SharedStorage.SECTORS) - BALLOTS;
    for (int host = 1; host <= hosts; host++) {
      if (host != hostId) {
        int offset = (BALLOTS + host - 1) * SharedStorage.SECTOR;
        byte[] block = change.apply(BallotBlock.decode(bytes, offset)).sector(SharedStorage.SECTOR);
        System.arraycopy(block, 0, shown, offset, block.length);
      }
    }
    return shown;
  }
}
