package dev.holdfast.standalone.store;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.nio.ByteBuffer;
import java.util.Map;
import java.util.zip.CRC32C;
import org.h2.mvstore.SFChunk;
import org.h2.mvstore.SingleFileStore;
import org.jspecify.annotations.Nullable;

/**
 * What MVStore writes its chunks to, each of them one version. Each gets a checksum, which MVStore
 * lacks: of one that power failed in it would believe whatever stands where something is missing,
 * and for instance make room for a text of a billion characters. And each is on the disk before the
 * next is written, so that only the last one can be incomplete.
 */
final class ChunkedFile extends SingleFileStore {
  private static final String SUM = ",sum:";
  private static final int HEADER = 1024; // more than MVStore uses

  private final boolean sync;
  private boolean written;

  ChunkedFile(String path, int cacheMebibytes, boolean sync) {
    super(Map.of("cacheSize", cacheMebibytes));
    this.sync = sync;
    open(path, false, null);
  }

  @Override
  protected void writeFully(@Nullable SFChunk chunk, long position, ByteBuffer bytes) {
    Header header = Header.of(bytes);
    if (header != null) {
      if (sync && written) {
        sync();
      }
      written = true;
      byte[] sum = (SUM + "%08x".formatted(header.checksum(bytes))).getBytes(ISO_8859_1);
      // MVStore may move a chunk as it is.
      boolean summed = header.text().contains(SUM);
      if (!summed && header.text().length() + sum.length < header.length()) {
        bytes.put(header.text().length(), sum);
      }
    }
    super.writeFully(chunk, position, bytes);
  }

  @Override
  public void sync() {
    super.sync();
    written = false;
  }

  /** Whether nothing of a chunk is missing, as far as its checksum tells: older ones have none. */
  static boolean isWhole(ByteBuffer chunk) {
    Header header = Header.of(chunk);
    if (header == null) {
      return false;
    }
    int sum = header.text().indexOf(SUM);
    return sum < 0
        || header
            .text()
            .endsWith(
                SUM
                    + "%08x"
                        .formatted(
                            header.withText(header.text().substring(0, sum)).checksum(chunk)));
  }

  /**
   * The first line of a chunk.
   *
   * @param text without the spaces behind it, in which MVStore may still write
   * @param length with its end
   */
  private record Header(String text, int length) {
    static @Nullable Header of(ByteBuffer chunk) {
      byte[] start = new byte[Math.min(HEADER, chunk.limit())];
      chunk.get(0, start);
      String line = new String(start, ISO_8859_1);
      int end = line.indexOf('\n');
      return line.startsWith("chunk:") && end > 0
          ? new Header(line.substring(0, end).stripTrailing(), end + 1)
          : null;
    }

    Header withText(String other) {
      return new Header(other, length);
    }

    long checksum(ByteBuffer chunk) {
      CRC32C checksum = new CRC32C();
      checksum.update(text.getBytes(ISO_8859_1));
      checksum.update(chunk.slice(length, chunk.limit() - length));
      return checksum.getValue();
    }
  }
}
