package dev.holdfast.standalone.store;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.h2.mvstore.DataUtils;
import org.h2.store.fs.FilePath;

/**
 * Says which version MVStore opens after a crash. Of what was written last when power failed, any
 * part may be missing; MVStore looks at both ends only, and when it stumbles over what is missing
 * between them, it may go back to any version whose chunk it happens to find.
 */
final class Recovery implements AutoCloseable {
  private static final int BLOCK = 4096;
  private static final Pattern CHUNK =
      Pattern.compile("chunk:([0-9a-f]+),len:([0-9a-f]+),pages:[^\\n]*?,version:([0-9a-f]+)");
  private static final Pattern LAST =
      Pattern.compile(",block:([0-9a-f]+),.*,chunk:([0-9a-f]+),.*,version:([0-9a-f]+),");

  private final FileChannel file;

  /**
   * What was written of one version.
   *
   * @param chunk in hexadecimal digits, as the version
   */
  record Chunk(long position, String chunk, String version) {
    long number() {
      return Long.parseUnsignedLong(version, 16);
    }
  }

  /**
   * Locks the file.
   *
   * @throws org.h2.mvstore.MVStoreException when another process has it open
   */
  Recovery(String path) throws IOException {
    file = FilePath.get(path).open("rw");
    try {
      if (file.tryLock() != null) {
        return;
      }
    } catch (OverlappingFileLockException e) {
      // locked by this process
    }
    file.close();
    throw DataUtils.newMVStoreException(DataUtils.ERROR_FILE_LOCKED, "{0} is locked", path);
  }

  /** Whether the file was closed properly. */
  boolean isClean() throws IOException {
    return text(0).contains(",clean:") && text(BLOCK).contains(",clean:");
  }

  /** The versions there are, newest first; of a file that was closed properly only the last. */
  List<Chunk> chunks() throws IOException {
    List<Chunk> chunks = new ArrayList<>();
    if (isClean()) {
      Matcher last = LAST.matcher(header());
      if (last.find()) {
        long position = Long.parseLong(last.group(1), 16) * BLOCK;
        chunks.add(new Chunk(position, last.group(2), last.group(3)));
      }
      return chunks;
    }
    for (long position = 2 * BLOCK; position < file.size(); position += BLOCK) {
      Matcher found = CHUNK.matcher(text(position));
      if (found.lookingAt()) {
        chunks.add(new Chunk(position, found.group(1), found.group(3)));
      }
    }
    chunks.sort(Comparator.comparingLong(Chunk::number).reversed());
    return chunks;
  }

  private String header() throws IOException {
    String first = text(0);
    return (first.startsWith("H:2,") ? first : text(BLOCK)).lines().findFirst().orElse("");
  }

  private String text(long position) throws IOException {
    return ISO_8859_1.decode(read(position, 256)).toString();
  }

  private ByteBuffer read(long position, int length) throws IOException {
    ByteBuffer read = ByteBuffer.allocate(length);
    int count = 0;
    while (read.hasRemaining() && count >= 0) {
      count = file.read(read, position + read.position());
    }
    return read.flip();
  }

  /** Whether all of a version's chunk is there. */
  boolean isWhole(Chunk chunk) throws IOException {
    Matcher found = CHUNK.matcher(text(chunk.position()));
    if (!found.lookingAt()) {
      return false;
    }
    long length = Long.parseLong(found.group(2), 16) * BLOCK;
    return chunk.position() + length <= file.size()
        && ChunkedFile.isWhole(read(chunk.position(), (int) length));
  }

  /** Lets the file begin at this version. */
  void choose(Chunk chosen) throws IOException {
    StringBuilder header = new StringBuilder();
    for (String field : header().split(",", -1)) {
      if (!field.matches("(block|chunk|version|clean|fletcher):.*")) {
        header.append(field).append(',');
      }
    }
    header.append("block:").append(Long.toHexString(chosen.position() / BLOCK));
    header.append(",chunk:").append(chosen.chunk());
    header.append(",version:").append(chosen.version());
    byte[] summed = header.toString().getBytes(ISO_8859_1);
    DataUtils.appendMap(header, "fletcher", DataUtils.getFletcher32(summed, 0, summed.length));
    ByteBuffer blocks = ByteBuffer.allocate(2 * BLOCK);
    byte[] block = header.append('\n').toString().getBytes(ISO_8859_1);
    blocks.put(0, block).put(BLOCK, block);
    file.write(blocks, 0);
    file.force(false);
  }

  /** Makes it invisible for MVStore, or visible again. */
  void show(Chunk chunk, boolean visible) throws IOException {
    file.write(ByteBuffer.wrap(new byte[] {(byte) (visible ? 'c' : 0)}), chunk.position());
    file.force(false);
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
