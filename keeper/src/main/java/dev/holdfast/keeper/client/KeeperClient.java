package dev.holdfast.keeper.client;

import dev.holdfast.keeper.protocol.Event;
import dev.holdfast.keeper.protocol.KeeperLine;
import dev.holdfast.keeper.protocol.KeeperProtocol;
import dev.holdfast.keeper.protocol.LineChannel;
import dev.holdfast.keeper.protocol.ProcessSignal;
import dev.holdfast.keeper.protocol.ProcessState;
import dev.holdfast.keeper.protocol.ProtocolException;
import dev.holdfast.keeper.protocol.ProtocolJson;
import dev.holdfast.keeper.protocol.Reply;
import dev.holdfast.keeper.protocol.Request;
import dev.holdfast.keeper.protocol.lease.HeldLease;
import dev.holdfast.keeper.protocol.lease.Lease;
import dev.holdfast.keeper.protocol.lease.Lockspace;
import dev.holdfast.keeper.protocol.lease.LockspaceState;
import dev.holdfast.keeper.protocol.lease.MachineLeases;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A connection to the keeper. Methods block their (virtual) thread until the reply is there and may
 * be called by many threads at once. To connect again after {@link KeeperListener#disconnected} is
 * the caller's business.
 */
public final class KeeperClient implements AutoCloseable {
  /** Longer than the keeper itself waits for anything but storage. */
  private static final Duration REPLY_TIMEOUT = Duration.ofSeconds(20);

  /**
   * Longer than the keeper waits for storage that does not answer: six times an I/O timeout of at
   * most 60 s.
   */
  private static final Duration STORAGE_REPLY_TIMEOUT = Duration.ofSeconds(400);

  private final LineChannel channel;
  private final KeeperListener listener;
  private final ProtocolJson json = new ProtocolJson();
  private final AtomicLong ids = new AtomicLong();
  private final Map<Long, CompletableFuture<Reply>> waiting = new ConcurrentHashMap<>();
  private final BlockingQueue<Runnable> notifications = new LinkedBlockingQueue<>();
  private final ReentrantLock writing = new ReentrantLock();
  private volatile long keeperPid;
  private volatile boolean broken;
  private volatile boolean finished;

  private KeeperClient(LineChannel channel, KeeperListener listener) {
    this.channel = channel;
    this.listener = listener;
  }

  /**
   * Connects and says hello.
   *
   * @throws IOException if nobody answers there, or not in a protocol version of ours; the listener
   *     then hears nothing
   */
  public static KeeperClient connect(Path socket, KeeperListener listener) throws IOException {
    SocketChannel channel;
    try {
      channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
    } catch (IOException failure) {
      throw new IOException(
          "no keeper answers on " + socket + ": " + failure.getMessage(), failure);
    }
    var client = new KeeperClient(new LineChannel(channel), listener);
    Thread.ofVirtual().name("keeper-client-reader").start(client::read);
    try {
      Reply reply =
          client.ask(
              new Request.Hello(
                  KeeperProtocol.VERSION, "holdfast " + ProcessHandle.current().pid()));
      if (!(reply instanceof Reply.Welcome(var _, long pid))) {
        throw unexpected(reply);
      }
      client.keeperPid = pid;
    } catch (IOException failure) {
      client.close();
      throw failure;
    }
    Thread.ofVirtual().name("keeper-client-listener").start(client::tell);
    return client;
  }

  /** The keeper's process, to end it by SIGTERM: machines that are not tied to its life live on. */
  public long keeperPid() {
    return keeperPid;
  }

  /**
   * Starts a machine's process; when this returns, its user and its tie are in effect.
   *
   * @throws KeeperException if it was refused, or its program could not be executed
   */
  public ProcessState launch(Request.Launch launch) throws IOException {
    return process(ask(launch));
  }

  /** Every live process, and those that ended and were neither forgotten nor launched again. */
  public List<ProcessState> list() throws IOException {
    Reply reply = ask(new Request.ListProcesses());
    if (reply instanceof Reply.Processes(List<ProcessState> processes)) {
      return processes;
    }
    throw unexpected(reply);
  }

  /** Makes the keeper watch a process that an earlier keeper started. */
  public ProcessState adopt(Request.Adopt adopt) throws IOException {
    return process(ask(adopt));
  }

  /**
   * Sends a signal to a machine's live process. That it was sent does not mean that it has acted.
   */
  public void signal(UUID machineId, ProcessSignal signal) throws IOException {
    done(ask(new Request.SendSignal(machineId, signal)));
  }

  /** Drops what the keeper remembers of a process that has ended. */
  public void forget(UUID machineId) throws IOException {
    done(ask(new Request.Forget(machineId)));
  }

  /**
   * Makes a lockspace on the storage where there is none.
   *
   * @throws KeeperException if something else is in its place
   */
  public void formatLockspace(Lockspace lockspace) throws IOException {
    done(ask(new Request.FormatLockspace(lockspace), STORAGE_REPLY_TIMEOUT));
  }

  /**
   * Makes a lease in a joined lockspace where there is none.
   *
   * @throws KeeperException if something else is in its place
   */
  public void formatLease(Lease.Sanlock lease) throws IOException {
    done(ask(new Request.FormatLease(lease), STORAGE_REPLY_TIMEOUT));
  }

  /** Begins to join a lockspace; {@link KeeperListener#lockspaceChanged} tells how it goes. */
  public LockspaceState joinLockspace(Lockspace lockspace) throws IOException {
    Reply reply = ask(new Request.JoinLockspace(lockspace));
    if (reply instanceof Reply.OneLockspace(LockspaceState state)) {
      return state;
    }
    throw unexpected(reply);
  }

  /** Gives the host id of a lockspace back; no machine may hold leases in it. */
  public void leaveLockspace(String name) throws IOException {
    done(ask(new Request.LeaveLockspace(name), STORAGE_REPLY_TIMEOUT));
  }

  /** Every lockspace that was joined and not left. */
  public List<LockspaceState> listLockspaces() throws IOException {
    Reply reply = ask(new Request.ListLockspaces());
    if (reply instanceof Reply.Lockspaces(List<LockspaceState> lockspaces)) {
      return lockspaces;
    }
    throw unexpected(reply);
  }

  /**
   * Acquires leases for a machine, all or none.
   *
   * @return everything that the machine then holds
   * @throws KeeperException with the holder where somebody else has one of them
   */
  public List<HeldLease> acquireLeases(UUID machineId, List<Lease> leases) throws IOException {
    return held(ask(new Request.AcquireLeases(machineId, leases), STORAGE_REPLY_TIMEOUT));
  }

  /**
   * Releases all leases of a machine whose process is gone, or stopped as {@code paused} asserts.
   *
   * @return what was held, with the versions to acquire it with again
   */
  public List<HeldLease> releaseLeases(UUID machineId, boolean paused) throws IOException {
    return held(ask(new Request.ReleaseLeases(machineId, paused), STORAGE_REPLY_TIMEOUT));
  }

  /** Every machine that holds leases. */
  public List<MachineLeases> listLeases() throws IOException {
    Reply reply = ask(new Request.ListLeases());
    if (reply instanceof Reply.AllLeases(List<MachineLeases> machines)) {
      return machines;
    }
    throw unexpected(reply);
  }

  /**
   * Has the keeper's process execute another program, which keeps every machine and lease; this
   * connection then ends.
   *
   * @param command empty for the keeper's own command line
   */
  public void upgrade(List<String> command) throws IOException {
    done(ask(new Request.Upgrade(command), STORAGE_REPLY_TIMEOUT));
  }

  /** Ends the connection; nothing happens to any process. */
  @Override
  public void close() throws IOException {
    channel.close();
  }

  private static ProcessState process(Reply reply) throws IOException {
    if (reply instanceof Reply.OneProcess(ProcessState process)) {
      return process;
    }
    throw unexpected(reply);
  }

  private static void done(Reply reply) throws IOException {
    if (!(reply instanceof Reply.Done)) {
      throw unexpected(reply);
    }
  }

  private static List<HeldLease> held(Reply reply) throws IOException {
    if (reply instanceof Reply.Leases(_, List<HeldLease> held)) {
      return held;
    }
    throw unexpected(reply);
  }

  private static IOException unexpected(Reply reply) {
    return switch (reply) {
      case Reply.Failure(var code, var message, var holder) ->
          new KeeperException(code, message, holder);
      case Reply.Welcome _,
          Reply.OneProcess _,
          Reply.Processes _,
          Reply.OneLockspace _,
          Reply.Lockspaces _,
          Reply.Leases _,
          Reply.AllLeases _,
          Reply.Done _ ->
          new IOException("the keeper's reply does not belong to the request: " + reply);
    };
  }

  private Reply ask(Request request) throws IOException {
    return ask(request, REPLY_TIMEOUT);
  }

  private Reply ask(Request request, Duration timeout) throws IOException {
    long id = ids.incrementAndGet();
    var answer = new CompletableFuture<Reply>();
    waiting.put(id, answer);
    try {
      if (broken) {
        throw new IOException("the connection to the keeper is closed");
      }
      byte[] line = json.write(new Request.Line(id, request));
      writing.lock();
      try {
        channel.writeLine(line);
      } finally {
        writing.unlock();
      }
      return answer.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException lost) {
      throw new IOException(
          "the connection to the keeper was lost: what was asked may or may not have been done",
          lost);
    } catch (TimeoutException slow) {
      throw new IOException("the keeper did not reply within " + timeout.toSeconds() + " s", slow);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while waiting for the keeper");
    } finally {
      waiting.remove(id);
    }
  }

  private void read() {
    String reason = "the keeper closed the connection";
    try {
      for (Optional<byte[]> line = channel.readLine();
          line.isPresent();
          line = channel.readLine()) {
        accept(line.get());
      }
    } catch (IOException failure) {
      reason = "the connection to the keeper was lost: " + failure;
    }
    broken = true;
    var lost = new IOException(reason);
    waiting.values().forEach(answer -> answer.completeExceptionally(lost));
    String told = reason;
    notifications.add(
        () -> {
          finished = true;
          listener.disconnected(told);
        });
  }

  private void accept(byte[] bytes) throws IOException {
    KeeperLine line;
    try {
      line = json.readKeeperLine(bytes);
    } catch (ProtocolException newer) {
      // A newer keeper may have events and replies that this client cannot have asked for.
      if (newer.id() == -1) {
        return;
      }
      throw newer;
    }
    switch (line) {
      case KeeperLine.EventLine(Event event) -> notifications.add(() -> tell(event));
      case KeeperLine.ReplyLine(long replyTo, Reply reply) -> {
        CompletableFuture<Reply> answer = waiting.get(replyTo);
        if (answer != null) {
          answer.complete(reply);
        }
      }
    }
  }

  private void tell(Event event) {
    switch (event) {
      case Event.Exited(ProcessState process) -> listener.exited(process);
      case Event.LockspaceChanged(LockspaceState state) -> listener.lockspaceChanged(state);
      case Event.LeasesLost lost -> listener.leasesLost(lost);
    }
  }

  private void tell() {
    while (!finished) {
      try {
        notifications.take().run();
      } catch (InterruptedException interrupted) {
        return;
      } catch (RuntimeException failure) {
        System.getLogger(KeeperClient.class.getName())
            .log(System.Logger.Level.ERROR, "A listener of the keeper failed", failure);
      }
    }
  }
}
