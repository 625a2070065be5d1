package dev.holdfast.system.failover;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The network between one host and the API server: from a port of the host's network namespace over
 * a unix socket, which knows no namespaces, to the server's port. While it is cut nothing gets
 * through and nobody is told: connections stay open and silent, as with a pulled plug.
 */
final class Cable implements AutoCloseable {
  private static final int BUFFER_BYTES = 16 * 1024;

  private final ServerSocketChannel listener;
  private final SocketAddress target;
  private final Set<SocketChannel> open = ConcurrentHashMap.newKeySet();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private boolean cut;

  private Cable(ServerSocketChannel listener, SocketAddress target) {
    this.listener = listener;
    this.target = target;
    Thread ignored = Thread.ofVirtual().start(this::accept);
  }

  /** The server's end. */
  static Cable toServer(Path socket, int port) throws IOException {
    return new Cable(
        ServerSocketChannel.open(StandardProtocolFamily.UNIX)
            .bind(UnixDomainSocketAddress.of(socket)),
        loopback(port));
  }

  /** The host's end, in its network namespace, at the same port as the server's in the other. */
  static Cable ofHost(Path socket, int port) throws IOException {
    return new Cable(
        ServerSocketChannel.open().bind(loopback(port)), UnixDomainSocketAddress.of(socket));
  }

  private static InetSocketAddress loopback(int port) {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }

  void cut(boolean value) {
    lock.lock();
    try {
      cut = value;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void accept() {
    while (listener.isOpen()) {
      try {
        SocketChannel client = listener.accept();
        open.add(client);
        Thread ignored = Thread.ofVirtual().start(() -> connect(client));
      } catch (IOException closed) {
        return;
      }
    }
  }

  private void connect(SocketChannel client) {
    try {
      awaitWhole();
      SocketChannel server = SocketChannel.open(target);
      open.add(server);
      Thread ignored = Thread.ofVirtual().start(() -> relay(server, client));
      relay(client, server);
    } catch (IOException | InterruptedException failed) {
      close(client);
    }
  }

  private void relay(SocketChannel from, SocketChannel to) {
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
    try {
      while (from.read(buffer) >= 0) {
        awaitWhole();
        buffer.flip();
        while (buffer.hasRemaining()) {
          int ignored = to.write(buffer);
        }
        buffer.clear();
      }
    } catch (IOException | InterruptedException ended) {
      // Either side has closed.
    }
    close(from);
    close(to);
  }

  private void awaitWhole() throws InterruptedException {
    lock.lock();
    try {
      while (cut && listener.isOpen()) {
        changed.await();
      }
    } finally {
      lock.unlock();
    }
  }

  private void close(SocketChannel channel) {
    open.remove(channel);
    try {
      channel.close();
    } catch (IOException alreadyClosed) {
      // Nothing is left to close.
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    cut(false);
    open.forEach(this::close);
  }
}
