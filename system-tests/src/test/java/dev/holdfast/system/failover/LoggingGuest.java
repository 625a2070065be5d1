package dev.holdfast.system.failover;

import java.util.HexFormat;

/**
 * A guest of one sector that keeps a log of itself on its own disk. At each start it takes a new
 * nonce and looks for the end of the log; then it appends a record at every tick of its timer (18 a
 * second), but only where its own last record still is and nothing comes after it. If it finds what
 * another has written, it says X on the serial console and stops; E if its disk fails.
 *
 * <p>A record is a sector: the mark HFWL, the nonce, the number of the record since the start, the
 * sector it is in; 32 bits each, little endian.
 */
final class LoggingGuest {
  static final int FIRST_SECTOR = 2048;
  static final int SECTOR_BYTES = 512;
  static final int MARK = 0x4c574648;

  /** For a PC's BIOS, which loads it to 7c00 and does the I/O (INT 13h, functions 42h and 43h). */
  private static final String PROGRAM =
      """
      31 c0                      xor %ax,%ax
      8e d8                      mov %ax,%ds
      8e c0                      mov %ax,%es
      8e d0                      mov %ax,%ss
      bc 00 7c                   mov $0x7c00,%sp
      88 16 f6 7c                mov %dl,drive
      fb                         sti
      b4 02                      mov $0x02,%ah
      cd 1a                      int $0x1a
      88 0e f1 7c                mov %cl,nonce+3
      88 36 f0 7c                mov %dh,nonce+2
      0f 31                      rdtsc
      a3 ee 7c                   mov %ax,nonce
      66 be 00 08 00 00          mov $2048,%esi
      66 89 36 e6 7c             scan: mov %esi,sector
      b9 40 00                   mov $64,%cx
      b4 42                      mov $0x42,%ah
      e8 87 00                   call disk
      bf 00 80                   mov $0x8000,%di
      b9 40 00                   mov $64,%cx
      66 81 3d 48 46 57 4c       look: cmpl $0x4c574648,(%di)
      75 0a                      jne append
      81 c7 00 02                add $512,%di
      66 46                      inc %esi
      e2 ef                      loop look
      eb da                      jmp scan
      66 83 3e f2 7c 00          append: cmpl $0,count
      74 31                      je write
      67 66 8d 46 ff             lea -1(%esi),%eax
      66 a3 e6 7c                mov %eax,sector
      b9 02 00                   mov $2,%cx
      b4 42                      mov $0x42,%ah
      e8 55 00                   call disk
      66 a1 ee 7c                mov nonce,%eax
      66 39 06 04 80             cmp %eax,0x8004
      75 64                      jne foreign
      66 a1 f2 7c                mov count,%eax
      66 48                      dec %eax
      66 39 06 08 80             cmp %eax,0x8008
      75 57                      jne foreign
      66 83 3e 00 82 00          cmpl $0,0x8200
      75 4f                      jne foreign
      66 c7 06 00 80 48 46 57 4c write: movl $0x4c574648,0x8000
      66 a1 ee 7c                mov nonce,%eax
      66 a3 04 80                mov %eax,0x8004
      66 a1 f2 7c                mov count,%eax
      66 a3 08 80                mov %eax,0x8008
      66 89 36 0c 80             mov %esi,0x800c
      66 89 36 e6 7c             mov %esi,sector
      b9 01 00                   mov $1,%cx
      b4 43                      mov $0x43,%ah
      e8 0a 00                   call disk
      66 46                      inc %esi
      66 ff 06 f2 7c             incl count
      f4                         hlt
      eb 92                      jmp append
      89 0e e0 7c                disk: mov %cx,packet+2
      30 c0                      xor %al,%al
      8a 16 f6 7c                mov drive,%dl
      66 56                      push %esi
      be de 7c                   mov $packet,%si
      cd 13                      int $0x13
      66 5e                      pop %esi
      72 01                      jc failed
      c3                         ret
      b0 45                      failed: mov $'E',%al
      eb 02                      jmp say
      b0 58                      foreign: mov $'X',%al
      ba f8 03                   say: mov $0x3f8,%dx
      ee                         out %al,(%dx)
      f4                         stop: hlt
      eb fd                      jmp stop
      10 00 00 00                packet: its size, sectors
      00 80 00 00                where in memory
      00 00 00 00 00 00 00 00    sector: on the disk
      00 00 00 00                nonce:
      00 00 00 00                count:
      00                         drive:
      """;

  private static final int BYTES_COLUMNS = 27;

  private LoggingGuest() {}

  /** The first sector of its disk. */
  static byte[] bootSector() {
    StringBuilder code = new StringBuilder();
    PROGRAM.lines().forEach(line -> code.append(line, 0, Math.min(line.length(), BYTES_COLUMNS)));
    byte[] program = HexFormat.of().parseHex(code.toString().replace(" ", ""));
    byte[] sector = new byte[SECTOR_BYTES];
    System.arraycopy(program, 0, sector, 0, program.length);
    sector[SECTOR_BYTES - 2] = 0x55;
    sector[SECTOR_BYTES - 1] = (byte) 0xaa;
    return sector;
  }
}
