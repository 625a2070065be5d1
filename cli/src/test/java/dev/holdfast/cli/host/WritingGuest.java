package dev.holdfast.cli.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;

/**
 * A guest of one sector: it writes 16 MiB to its own disk, filling each block with the number of
 * its first sector, and then says D on the serial console, or E as soon as a write fails.
 */
final class WritingGuest {
  static final int FIRST_SECTOR = 2048;
  static final int END_SECTOR = 34816;
  static final int BLOCK_SECTORS = 64;

  private static final int SECTOR_BYTES = 512;

  /** For a PC's BIOS, which loads it to 7c00 and does the I/O (INT 13h, function 43h). */
  private static final String PROGRAM =
      """
      31 c0             xor %ax,%ax
      8e d8             mov %ax,%ds
      8e c0             mov %ax,%es
      8e d0             mov %ax,%ss
      bc 00 7c          mov $0x7c00,%sp
      88 16 5a 7c       mov %dl,drive
      66 a1 52 7c       next: mov sector,%eax
      bf 00 80          mov $0x8000,%di
      b9 00 20          mov $8192,%cx
      fc                cld
      66 f3 ab          rep stosl
      b8 00 43          mov $0x4300,%ax
      8a 16 5a 7c       mov drive,%dl
      be 4a 7c          mov $packet,%si
      cd 13             int $0x13
      b0 45             mov $'E',%al
      72 16             jc say
      66 a1 52 7c       mov sector,%eax
      66 83 c0 40       add $64,%eax
      66 a3 52 7c       mov %eax,sector
      66 3d 00 88 00 00 cmp $34816,%eax
      72 ce             jb next
      b0 44             mov $'D',%al
      ba f8 03          say: mov $0x3f8,%dx
      ee                out %al,(%dx)
      f4                stop: hlt
      eb fd             jmp stop
      10 00 40 00       packet: its size, sectors to write
      00 80 00 00       from where in memory
      00 08 00 00       sector: first to write
      00 00 00 00
      00                drive:
      """;

  private static final int BYTES_COLUMNS = 18;

  private WritingGuest() {}

  static Path writeTo(Path file) throws IOException {
    StringBuilder code = new StringBuilder();
    PROGRAM.lines().forEach(line -> code.append(line, 0, Math.min(line.length(), BYTES_COLUMNS)));
    byte[] sector = new byte[SECTOR_BYTES];
    byte[] program = HexFormat.of().parseHex(code.toString().replace(" ", ""));
    System.arraycopy(program, 0, sector, 0, program.length);
    sector[SECTOR_BYTES - 2] = 0x55;
    sector[SECTOR_BYTES - 1] = (byte) 0xaa;
    return Files.write(file, sector);
  }
}
