package dev.holdfast.system.lease;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.HexFormat;

/**
 * A guest of one sector. It reads a number from its disk, and then writes the next one and reads it
 * again, as fast as it can. When it finds another number than it has written, somebody else writes
 * to its disk: it says X on the serial console and stops. It says E when its disk fails.
 */
final class CountingGuest {
  private static final int SECTOR_BYTES = 512;
  private static final long NUMBER_SECTOR = 2048;

  /** For a PC's BIOS, which loads it to 7c00 and does the I/O (INT 13h, functions 42h and 43h). */
  private static final String PROGRAM =
      """
      31 c0             xor %ax,%ax
      8e d8             mov %ax,%ds
      8e c0             mov %ax,%es
      8e d0             mov %ax,%ss
      bc 00 7c          mov $0x7c00,%sp
      88 16 6d 7c       mov %dl,drive
      b4 42             mov $0x42,%ah
      e8 2e 00          call disk
      66 a1 00 80       mov 0x8000,%eax
      66 a3 69 7c       mov %eax,number
      66 ff 06 69 7c    next: incl number
      66 a1 69 7c       mov number,%eax
      66 a3 00 80       mov %eax,0x8000
      b4 43             mov $0x43,%ah
      e8 14 00          call disk
      b4 42             mov $0x42,%ah
      e8 0f 00          call disk
      66 a1 00 80       mov 0x8000,%eax
      66 3b 06 69 7c    cmp number,%eax
      74 de             je next
      b0 58             mov $'X',%al
      eb 10             jmp say
      30 c0             disk: xor %al,%al
      8a 16 6d 7c       mov drive,%dl
      be 59 7c          mov $packet,%si
      cd 13             int $0x13
      72 01             jc failed
      c3                ret
      b0 45             failed: mov $'E',%al
      ba f8 03          say: mov $0x3f8,%dx
      ee                out %al,(%dx)
      f4                stop: hlt
      eb fd             jmp stop
      10 00 01 00       packet: its size, sectors
      00 80 00 00       where in memory
      00 08 00 00       which sector
      00 00 00 00
      00 00 00 00       number:
      00                drive:
      """;

  private static final int BYTES_COLUMNS = 18;

  private CountingGuest() {}

  /** Makes the disk one that this guest boots from. */
  static void install(Path image) throws IOException {
    StringBuilder code = new StringBuilder();
    PROGRAM.lines().forEach(line -> code.append(line, 0, Math.min(line.length(), BYTES_COLUMNS)));
    byte[] sector = new byte[SECTOR_BYTES];
    byte[] program = HexFormat.of().parseHex(code.toString().replace(" ", ""));
    System.arraycopy(program, 0, sector, 0, program.length);
    sector[SECTOR_BYTES - 2] = 0x55;
    sector[SECTOR_BYTES - 1] = (byte) 0xaa;
    try (RandomAccessFile disk = new RandomAccessFile(image.toFile(), "rw")) {
      disk.write(sector);
    }
  }

  /** How far it has counted. */
  static int number(Path image) throws IOException {
    try (RandomAccessFile disk = new RandomAccessFile(image.toFile(), "r")) {
      disk.seek(NUMBER_SECTOR * SECTOR_BYTES);
      return Integer.reverseBytes(disk.readInt());
    }
  }
}
