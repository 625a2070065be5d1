package dev.holdfast.keeper.server;

import dev.holdfast.keeper.handover.Handover;
import dev.holdfast.keeper.linux.Descriptor;
import dev.holdfast.keeper.linux.Execution;
import dev.holdfast.keeper.linux.OfdLock;
import dev.holdfast.keeper.process.ProcessTable;
import dev.holdfast.keeper.protocol.Event;
import dev.holdfast.keeper.protocol.LineChannel;
import dev.holdfast.keeper.protocol.ProcessState;
import dev.holdfast.keeper.protocol.ProtocolJson;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The keeper's socket: many clients, each served on virtual threads; every client hears of every
 * exit. A client that goes away changes nothing.
 */
public final class KeeperServer implements AutoCloseable {
  private static final Logger log = System.getLogger(KeeperServer.class.getName());

  /** More than agent, command line and a few lost connections need. */
  private static final int MOST_CLIENTS = 32;

  private final Path socket;
  private final OfdLock lock;
  private volatile ServerSocketChannel listener;
  private final PeerPolicy peers;
  private final ProcessTable processes;
  private final Leases leases;
  private final Answers answers;
  private final ProtocolJson json = new ProtocolJson();
  private final Set<ClientConnection> connections = ConcurrentHashMap.newKeySet();

  private KeeperServer(KeeperOptions options, OfdLock lock, Clock clock) throws IOException {
    this.socket = options.socket();
    this.lock = lock;
    this.peers = PeerPolicy.rootAndSelf();
    this.listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    this.processes = new ProcessTable(clock, this::announce);
    this.leases = Leases.create(options, processes, clock, this::push);
    this.answers =
        new Answers(
            processes, leases, new Upgrade(processes, leases, lock, this::pause, this::resume));
  }

  /**
   * Starts to answer on the socket, whose directory must exist.
   *
   * @throws IOException if another keeper answers there, or the socket cannot be made
   */
  public static KeeperServer start(KeeperOptions options, Clock clock) throws IOException {
    return start(options, clock, Optional.empty());
  }

  /**
   * Starts to answer on the socket.
   *
   * @param predecessor what another keeper's program has left in this process. If this fails then,
   *     the process must end, so that no machine runs on with nobody knowing of it
   */
  public static KeeperServer start(
      KeeperOptions options, Clock clock, Optional<Handover> predecessor) throws IOException {
    OfdLock lock = lock(options.socket(), predecessor);
    try {
      var server = new KeeperServer(options, lock, clock);
      try {
        if (predecessor.isPresent()) {
          server.takeOver(predecessor.get());
        }
        server.listen();
      } catch (IOException failure) {
        server.close();
        throw failure;
      }
      return server;
    } catch (IOException failure) {
      lock.close();
      throw failure;
    }
  }

  /** The lock, not the socket file, says that a keeper lives: the file survives kill -9. */
  private static OfdLock lock(Path socket, Optional<Handover> predecessor) throws IOException {
    Path file = socket.resolveSibling(socket.getFileName() + ".lock");
    if (predecessor.isPresent()) {
      return OfdLock.inherited(file, Descriptor.inherited(predecessor.get().lock()));
    }
    OfdLock lock = OfdLock.open(file);
    try {
      if (lock.tryLock(OfdLock.Mode.EXCLUSIVE)) {
        return lock;
      }
    } catch (IOException failure) {
      lock.close();
      throw failure;
    }
    lock.close();
    throw new IOException(
        "another keeper holds " + file + ": stop it first, or choose another --socket");
  }

  /** Goes on with what the program before this one has left in this process. */
  private void takeOver(Handover predecessor) throws IOException {
    // Processes first: a machine without one would be taken for gone.
    processes.takeOver(predecessor.processes());
    leases.ofd().takeOver(predecessor.locks());
    leases.handover().takeOver(predecessor.lockspaces());
    // The dead-man timer is armed again.
    Execution.callOffAlarm();
  }

  /**
   * Ends all connections and takes no more: the JVM opens sockets without close-on-exec, so that
   * one accepted just before execve(2) would stay open in the next program with nobody behind it.
   */
  private void pause() throws IOException {
    listener.close();
    connections.forEach(ClientConnection::close);
  }

  /** Undoes {@link #pause}, where the next program was not executed. */
  private void resume() throws IOException {
    listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      listen();
    } catch (IOException failure) {
      listener.close();
      throw failure;
    }
  }

  private void listen() throws IOException {
    // Bound under another name, so that clients see it only with its final mode, and in the place
    // of a dead keeper's socket at once.
    Path fresh = socket.resolveSibling(socket.getFileName() + ".new");
    Files.deleteIfExists(fresh);
    try {
      listener.bind(UnixDomainSocketAddress.of(fresh));
    } catch (IOException failure) {
      throw new IOException(
          "cannot listen on "
              + socket
              + ": "
              + failure.getMessage()
              + " (the path must be shorter than 104 bytes and its directory exist)",
          failure);
    }
    Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rw-------"));
    Files.move(fresh, socket, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    Thread.ofVirtual().name("keeper-accept").start(this::accept);
  }

  private void accept() {
    ServerSocketChannel accepting = listener;
    while (accepting.isOpen()) {
      try {
        admit(accepting.accept());
      } catch (ClosedChannelException closed) {
        return;
      } catch (IOException failure) {
        log.log(Level.WARNING, "A client could not be accepted: {0}", failure.getMessage());
      }
    }
  }

  private void admit(SocketChannel channel) throws IOException {
    if (!peers.permits(channel) || connections.size() >= MOST_CLIENTS) {
      log.log(
          Level.WARNING,
          "A client was turned away: not root nor the keeper''s user, or one of more than {0}",
          MOST_CLIENTS);
      channel.close();
      return;
    }
    var connection =
        new ClientConnection(new LineChannel(channel), answers, json, connections::remove);
    connections.add(connection);
    connection.start();
  }

  private void announce(ProcessState ended) {
    leases.exited(ended.machineId());
    push(new Event.Exited(ended));
  }

  private void push(Event event) {
    connections.forEach(connection -> connection.push(event));
  }

  /** What this keeper knows, as a client would be told. */
  public List<ProcessState> processes() {
    return processes.list();
  }

  /**
   * Stops answering. The kernel then kills the processes that are tied to the keeper's life; the
   * others live on.
   */
  @Override
  public void close() throws IOException {
    if (listener.isOpen()) {
      boolean bound = listener.getLocalAddress() != null;
      listener.close();
      connections.forEach(ClientConnection::close);
      leases.close();
      processes.close();
      if (bound) {
        Files.deleteIfExists(socket);
      }
      lock.close();
    }
  }
}
