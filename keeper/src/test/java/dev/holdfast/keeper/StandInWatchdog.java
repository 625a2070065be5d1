package dev.holdfast.keeper;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Answers as wdmd does, whose messages were recorded from its client library: 176 bytes, of which
 * only a question for the status is answered. The real one needs a watchdog device.
 */
final class StandInWatchdog implements AutoCloseable {
  private static final int MESSAGE_BYTES = 176;
  private static final int STATUS = 5;

  /** What a client has said. Times are in seconds. */
  record Message(int command, long renewal, long expiry, String name) {
    static final int REGISTER = 1;
    static final int HOLD = 2;
    static final int LET_GO = 3;
    static final int TEST_LIVE = 4;
  }

  private final ServerSocketChannel listener;
  private final int fireTimeout;
  private final List<Message> messages = new CopyOnWriteArrayList<>();
  private final List<SocketChannel> clients = new CopyOnWriteArrayList<>();

  private StandInWatchdog(ServerSocketChannel listener, int fireTimeout) {
    this.listener = listener;
    this.fireTimeout = fireTimeout;
  }

  static StandInWatchdog listen(Path socket, int fireTimeoutSeconds) throws IOException {
    var listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    listener.bind(UnixDomainSocketAddress.of(socket));
    var watchdog = new StandInWatchdog(listener, fireTimeoutSeconds);
    Thread.ofPlatform().daemon().start(watchdog::accept);
    return watchdog;
  }

  List<Message> messages() {
    return List.copyOf(messages);
  }

  private void accept() {
    while (listener.isOpen()) {
      try {
        SocketChannel client = listener.accept();
        clients.add(client);
        Thread.ofPlatform().daemon().start(() -> serve(client));
      } catch (IOException closed) {
        return;
      }
    }
  }

  private void serve(SocketChannel client) {
    ByteBuffer message = ByteBuffer.allocate(MESSAGE_BYTES).order(ByteOrder.nativeOrder());
    try {
      while (true) {
        message.clear();
        while (message.hasRemaining()) {
          if (client.read(message) < 0) {
            return;
          }
        }
        int command = message.getInt(4);
        if (command == STATUS) {
          message.putInt(20, fireTimeout).rewind();
          while (message.hasRemaining()) {
            int ignored = client.write(message);
          }
        } else {
          String name = new String(message.array(), 48, 128, StandardCharsets.US_ASCII);
          messages.add(
              new Message(
                  command,
                  message.getLong(32),
                  message.getLong(40),
                  name.substring(0, name.indexOf('\0'))));
        }
      }
    } catch (IOException closed) {
      // The test is over.
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    for (SocketChannel client : clients) {
      client.close();
    }
  }
}
