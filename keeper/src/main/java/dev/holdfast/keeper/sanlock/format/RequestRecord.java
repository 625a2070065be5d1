package dev.holdfast.keeper.sanlock.format;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What another host asks the owner of a resource for, in the resource's second sector.
 *
 * @param leaseVersion the version that the asking host would like to have, one more than the
 *     owner's; any other asks for nothing
 */
public record RequestRecord(long leaseVersion, Demand demand) {
  public static final RequestRecord NONE = new RequestRecord(0, Demand.NONE);

  private static final int MAGIC = 0x08292011;
  private static final int VERSION = 0x00010001;

  /** How the owner shall let go. */
  public enum Demand {
    NONE(0),
    /** At once, by killing. */
    FORCED(1),
    /** After it has ended its work. */
    GRACEFUL(2);

    private final int number;

    Demand(int number) {
      this.number = number;
    }

    private static Demand of(int number) throws LeaseFormatException {
      for (Demand demand : values()) {
        if (demand.number == number) {
          return demand;
        }
      }
      throw new LeaseFormatException("a request record with the unknown demand " + number);
    }
  }

  /**
   * Reads the record at the beginning of a sector.
   *
   * @throws LeaseFormatException where there is no such record, or one that nobody knows
   */
  public static RequestRecord decode(byte[] bytes, int offset) throws LeaseFormatException {
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int magic = in.getInt(offset);
    int version = in.getInt(offset + 4);
    if (magic != MAGIC || version >>> 16 != VERSION >>> 16) {
      throw new LeaseFormatException(
          "no request record, but magic 0x%08x, version 0x%x".formatted(magic, version));
    }
    return new RequestRecord(in.getLong(offset + 8), Demand.of(in.getInt(offset + 16)));
  }

  public byte[] sector(int sectorSize) {
    byte[] sector = new byte[sectorSize];
    ByteBuffer out = ByteBuffer.wrap(sector).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(0, MAGIC);
    out.putInt(4, VERSION);
    out.putLong(8, leaseVersion);
    out.putInt(16, demand.number);
    return sector;
  }
}
