package dev.holdfast.system.failover;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The network between one host and the API server. While it is cut nothing gets through and nobody
 * is told: connections stay open and silent, as with a pulled plug.
 */
final class Cable implements AutoCloseable {
  private static final int BUFFER_BYTES = 16 * 1024;

  private final ServerSocket listener;
  private final InetSocketAddress server;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private boolean cut;

  private Cable(ServerSocket listener, InetSocketAddress server) {
    this.listener = listener;
    this.server = server;
  }

  static Cable to(int port) throws IOException {
    InetAddress loopback = InetAddress.getLoopbackAddress();
    var cable = new Cable(new ServerSocket(0, 50, loopback), new InetSocketAddress(loopback, port));
    Thread ignored = Thread.ofVirtual().start(cable::accept);
    return cable;
  }

  int port() {
    return listener.getLocalPort();
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
    while (!listener.isClosed()) {
      try {
        Socket client = listener.accept();
        open.add(client);
        Thread ignored = Thread.ofVirtual().start(() -> connect(client));
      } catch (IOException closed) {
        return;
      }
    }
  }

  private void connect(Socket client) {
    try {
      awaitWhole();
      Socket upstream = new Socket(server.getAddress(), server.getPort());
      open.add(upstream);
      Thread ignored = Thread.ofVirtual().start(() -> relay(upstream, client));
      relay(client, upstream);
    } catch (IOException | InterruptedException failed) {
      close(client);
    }
  }

  private void relay(Socket from, Socket to) {
    byte[] buffer = new byte[BUFFER_BYTES];
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        awaitWhole();
        out.write(buffer, 0, count);
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
      while (cut && !listener.isClosed()) {
        changed.await();
      }
    } finally {
      lock.unlock();
    }
  }

  private void close(Socket socket) {
    open.remove(socket);
    try {
      socket.close();
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
