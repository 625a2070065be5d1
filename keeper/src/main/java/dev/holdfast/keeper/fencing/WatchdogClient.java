package dev.holdfast.keeper.fencing;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;

/**
 * A connection to wdmd, sanlock's watchdog multiplexer: it keeps the hardware's watchdog from
 * resetting the host as long as no client has let its time expire. A client that ends with a time
 * set can never take it back.
 *
 * <p>Every message has 176 bytes in the host's byte order: magic (0), command, length (0), flags,
 * test interval, fire timeout as 32 bits each; last keepalive, renewal, expiry as 64; the client's
 * name in 128. Only a question for the status is answered.
 */
final class WatchdogClient implements AutoCloseable {
  private static final int MESSAGE_BYTES = 176;
  private static final int COMMAND_OFFSET = 4;
  private static final int FIRE_TIMEOUT_OFFSET = 20;
  private static final int RENEWAL_OFFSET = 32;
  private static final int EXPIRY_OFFSET = 40;
  private static final int NAME_OFFSET = 48;
  private static final int LONGEST_NAME = 127;

  private static final int REGISTER = 1;

  /** wdmd does not end on SIGTERM while a client counts. */
  private static final int HOLD = 2;

  private static final int LET_GO = 3;
  private static final int TEST_LIVE = 4;
  private static final int STATUS = 5;

  private final SocketChannel channel;

  private WatchdogClient(SocketChannel channel) {
    this.channel = channel;
  }

  /**
   * Connects and gives the name that wdmd's log will have.
   *
   * @throws IOException if nobody answers, or if the watchdog would fire after another time than
   *     other hosts wait for this one
   */
  static WatchdogClient connect(Path socket, String name, Duration fireTimeout) throws IOException {
    var client = new WatchdogClient(SocketChannel.open(UnixDomainSocketAddress.of(socket)));
    try {
      ByteBuffer register = message(REGISTER);
      byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
      register.put(NAME_OFFSET, bytes, 0, Math.min(bytes.length, LONGEST_NAME));
      client.send(register);
      int fires = client.status().getInt(FIRE_TIMEOUT_OFFSET);
      if (fires != 0 && fires != fireTimeout.toSeconds()) {
        throw new IOException(
            "the watchdog fires after "
                + fires
                + " s, but --watchdog-fire-timeout is "
                + fireTimeout.toSeconds()
                + " s: make them equal on all hosts");
      }
      client.send(message(HOLD));
      return client;
    } catch (IOException failure) {
      client.close();
      throw failure;
    }
  }

  private ByteBuffer status() throws IOException {
    send(message(STATUS));
    ByteBuffer answer = ByteBuffer.allocate(MESSAGE_BYTES).order(ByteOrder.nativeOrder());
    while (answer.hasRemaining()) {
      if (channel.read(answer) < 0) {
        throw new IOException("wdmd closed the connection");
      }
    }
    return answer;
  }

  /**
   * Moves the time after which wdmd stops to keep the watchdog quiet.
   *
   * @param renewal when the lease was renewed, in seconds of CLOCK_MONOTONIC
   * @param expiry from when on the host may not live any more; 0 with renewal 0 for no end
   */
  void testLive(long renewal, long expiry) throws IOException {
    send(message(TEST_LIVE).putLong(RENEWAL_OFFSET, renewal).putLong(EXPIRY_OFFSET, expiry));
  }

  private static ByteBuffer message(int command) {
    return ByteBuffer.allocate(MESSAGE_BYTES)
        .order(ByteOrder.nativeOrder())
        .putInt(COMMAND_OFFSET, command);
  }

  private void send(ByteBuffer message) throws IOException {
    message.rewind();
    while (message.hasRemaining()) {
      int ignored = channel.write(message);
    }
  }

  /** Takes leave in order; a time that is set must have been taken back before. */
  void leave() throws IOException {
    try (channel) {
      send(message(LET_GO));
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
