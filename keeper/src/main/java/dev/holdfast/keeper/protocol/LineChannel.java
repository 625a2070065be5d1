package dev.holdfast.keeper.protocol;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Optional;

/**
 * Lines over a blocking socket. One thread may read while another writes, which the streams of
 * {@link java.nio.channels.Channels} do not promise.
 */
public final class LineChannel implements AutoCloseable {
  private static final int READ_BYTES = 8 * 1024;

  private final SocketChannel channel;
  private final ByteBuffer incoming = ByteBuffer.allocate(READ_BYTES).flip();

  public LineChannel(SocketChannel channel) {
    this.channel = channel;
  }

  /**
   * Waits for the next line.
   *
   * @return the line without its line feed; empty at the end of the stream. A last line without a
   *     line feed is not a line: its sender was cut off
   * @throws IOException also for a line longer than {@link KeeperProtocol#LONGEST_LINE_BYTES}; the
   *     channel is of no use afterwards
   */
  public Optional<byte[]> readLine() throws IOException {
    var line = new ByteArrayOutputStream();
    while (true) {
      while (incoming.hasRemaining()) {
        byte next = incoming.get();
        if (next == '\n') {
          return Optional.of(line.toByteArray());
        }
        if (line.size() == KeeperProtocol.LONGEST_LINE_BYTES) {
          throw new ProtocolException(
              FailureCode.MALFORMED,
              -1,
              "a line is longer than " + KeeperProtocol.LONGEST_LINE_BYTES + " bytes");
        }
        line.write(next);
      }
      incoming.clear();
      int count = channel.read(incoming);
      incoming.flip();
      if (count < 0) {
        return Optional.empty();
      }
    }
  }

  /** Must be called by one thread at a time. */
  public void writeLine(byte[] line) throws IOException {
    ByteBuffer outgoing = ByteBuffer.allocate(line.length + 1).put(line).put((byte) '\n').flip();
    while (outgoing.hasRemaining()) {
      int ignored = channel.write(outgoing);
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
