package dev.holdfast.keeper.server;

import dev.holdfast.keeper.protocol.Event;
import dev.holdfast.keeper.protocol.FailureCode;
import dev.holdfast.keeper.protocol.KeeperLine;
import dev.holdfast.keeper.protocol.KeeperProtocol;
import dev.holdfast.keeper.protocol.LineChannel;
import dev.holdfast.keeper.protocol.ProtocolException;
import dev.holdfast.keeper.protocol.ProtocolJson;
import dev.holdfast.keeper.protocol.Reply;
import dev.holdfast.keeper.protocol.Request;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;

/**
 * One client: its requests run side by side, its replies and events leave through a bounded queue.
 */
final class ClientConnection {
  private static final Logger log = System.getLogger(ClientConnection.class.getName());

  /**
   * A client that has this many lines unread is cut off: it can ask again, a keeper out of memory
   * cannot.
   */
  static final int LONGEST_QUEUE = 1024;

  private static final int REQUESTS_AT_ONCE = 64;
  private static final Duration WRITE_LIMIT = Duration.ofSeconds(1);
  private static final Duration WRITE_POLL = Duration.ofMillis(50);

  private final LineChannel channel;
  private final Answers answers;
  private final ProtocolJson json;
  private final Consumer<ClientConnection> onClose;
  private final BlockingQueue<KeeperLine> outgoing = new ArrayBlockingQueue<>(LONGEST_QUEUE);
  private final Semaphore requests = new Semaphore(REQUESTS_AT_ONCE);
  private final Thread writer =
      Thread.ofVirtual().name("keeper-connection-writer").unstarted(this::write);
  private final Thread reader =
      Thread.ofVirtual().name("keeper-connection-reader").unstarted(this::read);
  private volatile boolean greeted;

  ClientConnection(
      LineChannel channel, Answers answers, ProtocolJson json, Consumer<ClientConnection> onClose) {
    this.channel = channel;
    this.answers = answers;
    this.json = json;
    this.onClose = onClose;
  }

  void start() {
    writer.start();
    reader.start();
  }

  /** Queues an event, if the client has said hello. Never blocks. */
  void push(Event event) {
    if (greeted) {
      send(new KeeperLine.EventLine(event));
    }
  }

  void close() {
    writer.interrupt();
    try {
      channel.close();
    } catch (IOException failure) {
      log.log(Level.DEBUG, "Closing a connection", failure);
    }
    onClose.accept(this);
  }

  private void send(KeeperLine line) {
    if (!outgoing.offer(line)) {
      log.log(
          Level.WARNING,
          "A client does not read its {0} waiting lines and is cut off",
          LONGEST_QUEUE);
      close();
    }
  }

  private void write() {
    try {
      while (true) {
        channel.writeLine(json.write(outgoing.take()));
      }
    } catch (IOException | InterruptedException ended) {
      close();
    }
  }

  private void read() {
    try {
      while (true) {
        Optional<byte[]> line = channel.readLine();
        if (line.isEmpty()) {
          break;
        }
        accept(line.get());
      }
    } catch (IOException broken) {
      log.log(Level.DEBUG, "A connection broke", broken);
      if (broken instanceof ProtocolException) {
        log.log(Level.WARNING, "A client is cut off: {0}", broken.getMessage());
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
    close();
  }

  private void accept(byte[] bytes) throws InterruptedException {
    Request.Line line;
    try {
      line = json.readRequest(bytes);
    } catch (ProtocolException invalid) {
      send(
          new KeeperLine.ReplyLine(
              invalid.id(),
              new Reply.Failure(invalid.code(), String.valueOf(invalid.getMessage()))));
      return;
    }
    if (line.request() instanceof Request.Hello hello) {
      greet(line.id(), hello);
    } else if (!greeted) {
      reply(line.id(), new Reply.Failure(FailureCode.HELLO_REQUIRED, "say hello first"));
    } else {
      requests.acquire();
      Thread.ofVirtual().start(() -> serve(line));
    }
  }

  private void greet(long id, Request.Hello hello) {
    if (hello.version() < KeeperProtocol.VERSION) {
      reply(
          id,
          new Reply.Failure(
              FailureCode.UNSUPPORTED_VERSION,
              "protocol version "
                  + hello.version()
                  + " is not spoken here, only "
                  + KeeperProtocol.VERSION));
      return;
    }
    // The reply is queued first, so no event can come before it.
    reply(id, new Reply.Welcome(KeeperProtocol.VERSION, ProcessHandle.current().pid()));
    greeted = true;
  }

  private void serve(Request.Line line) {
    try {
      Reply reply = answers.to(line.request());
      reply(line.id(), reply);
      if (line.request() instanceof Request.Upgrade && reply instanceof Reply.Done) {
        awaitWritten();
        answers.upgrade().execute();
      }
    } catch (RuntimeException failure) {
      log.log(Level.ERROR, "A request failed", failure);
      reply(line.id(), new Reply.Failure(FailureCode.INTERNAL, "the keeper failed: " + failure));
    } finally {
      requests.release();
    }
  }

  /** What is queued was handed to the kernel, or the client does not read. */
  private void awaitWritten() {
    long deadline = System.nanoTime() + WRITE_LIMIT.toNanos();
    try {
      do {
        Thread.sleep(WRITE_POLL);
      } while (!outgoing.isEmpty() && System.nanoTime() < deadline);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void reply(long id, Reply reply) {
    send(new KeeperLine.ReplyLine(id, reply));
  }
}
