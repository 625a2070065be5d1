package dev.holdfast.keeper.sanlock.format;

import java.util.zip.CRC32C;

/**
 * The checksum of leader records and ballot blocks: CRC-32C whose register begins with 0xFFFFFFFE
 * and is not inverted at the end. The difference to a usual CRC-32C depends on nothing but the
 * number of bytes.
 */
final class LeaseChecksum {
  static final int LEADER_BYTES = 168;
  static final int BALLOT_BYTES = 48;

  private static final int LEADER_DIFFERENCE = 0xDAECE73E;
  private static final int BALLOT_DIFFERENCE = 0x1C291D04;

  private LeaseChecksum() {}

  static int ofLeader(byte[] bytes, int offset) {
    return of(bytes, offset, LEADER_BYTES) ^ LEADER_DIFFERENCE;
  }

  static int ofBallot(byte[] bytes, int offset) {
    return of(bytes, offset, BALLOT_BYTES) ^ BALLOT_DIFFERENCE;
  }

  private static int of(byte[] bytes, int offset, int length) {
    CRC32C usual = new CRC32C();
    usual.update(bytes, offset, length);
    return ~(int) usual.getValue();
  }
}
