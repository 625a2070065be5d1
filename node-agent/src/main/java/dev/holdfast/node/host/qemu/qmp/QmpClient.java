package dev.holdfast.node.host.qemu.qmp;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.node.host.qemu.qmp.QmpException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One connection to one monitor. Any number of threads may send commands; one virtual thread reads.
 *
 * <p>QEMU serves one client per monitor socket: a further one is connected by the kernel but gets
 * no greeting before the first has gone, so {@link #connect} is bounded by its timeout.
 */
public final class QmpClient implements AutoCloseable {
  private static final ObjectMapper JSON = JsonMapper.builder().build();

  private final SocketChannel channel;
  private final Path socket;
  private final QmpListener listener;
  private final AtomicLong nextId = new AtomicLong();
  private final Map<Long, CompletableFuture<JsonNode>> waiting = new ConcurrentHashMap<>();
  private final CompletableFuture<JsonNode> greeting = new CompletableFuture<>();
  private final ReentrantLock writing = new ReentrantLock();
  private final AtomicBoolean closed = new AtomicBoolean();

  private QmpClient(SocketChannel channel, Path socket, QmpListener listener) {
    this.channel = channel;
    this.socket = socket;
    this.listener = listener;
  }

  /**
   * Connects, reads the greeting and leaves the negotiation mode. On return QEMU is ready: it
   * answers {@code qmp_capabilities} only from its main loop, after all devices were made.
   *
   * @param timeout for all of it together
   * @throws QmpException with {@link Kind#DISCONNECTED} when nobody listens yet or any more, {@link
   *     Kind#TIMED_OUT} when another client holds the monitor or QEMU is stuck
   */
  public static QmpClient connect(Path socket, Duration timeout, QmpListener listener)
      throws QmpException {
    long deadline = System.nanoTime() + timeout.toNanos();
    SocketChannel channel = open(socket);
    var client = new QmpClient(channel, socket, listener);
    try {
      Thread.ofVirtual().name("qmp-read-" + socket).start(client::connectAndRead);
      client.await(client.greeting, remaining(deadline), "the greeting");
      client.execute(
          "qmp_capabilities", JsonNodeFactory.instance.objectNode(), remaining(deadline));
      return client;
    } catch (QmpException failed) {
      client.close();
      throw failed;
    }
  }

  private static SocketChannel open(Path socket) throws QmpException {
    try {
      return SocketChannel.open(StandardProtocolFamily.UNIX);
    } catch (IOException failed) {
      throw new QmpException(
          Kind.DISCONNECTED, "no socket for " + socket + ": " + failed.getMessage(), failed);
    }
  }

  private static Duration remaining(long deadline) {
    return Duration.ofNanos(Math.max(0, deadline - System.nanoTime()));
  }

  /** What the greeting said of QEMU's version, such as {@code 7.2.22}. */
  public String version() {
    JsonNode version = greeting.join().path("QMP").path("version").path("qemu");
    return version.path("major").asInt()
        + "."
        + version.path("minor").asInt()
        + "."
        + version.path("micro").asInt();
  }

  /** Sends a command without arguments. */
  public JsonNode execute(String command, Duration timeout) throws QmpException {
    return execute(command, JsonNodeFactory.instance.objectNode(), timeout);
  }

  /**
   * Sends a command and waits for its reply.
   *
   * @return the reply's {@code return} value
   */
  public JsonNode execute(String command, ObjectNode arguments, Duration timeout)
      throws QmpException {
    long id = nextId.incrementAndGet();
    ObjectNode request = JSON.createObjectNode().put("execute", command).put("id", id);
    if (!arguments.isEmpty()) {
      request.set("arguments", arguments);
    }
    var reply = new CompletableFuture<JsonNode>();
    waiting.put(id, reply);
    try {
      if (closed.get()) {
        throw disconnected(null);
      }
      write(request);
      return await(reply, timeout, "the reply to " + command);
    } finally {
      waiting.remove(id);
    }
  }

  public boolean isOpen() {
    return !closed.get();
  }

  /** Ends the connection; every waiting command fails. QEMU does not mind. */
  @Override
  public void close() {
    end(disconnected(null));
  }

  private JsonNode await(CompletableFuture<JsonNode> answer, Duration timeout, String what)
      throws QmpException {
    try {
      return answer.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException late) {
      throw new QmpException(
          Kind.TIMED_OUT,
          "monitor " + socket + ": " + what + " did not come within " + timeout.toMillis() + " ms",
          late);
    } catch (ExecutionException failed) {
      if (failed.getCause() instanceof QmpException known) {
        // A new one, so that the stack trace shows who asked.
        throw new QmpException(known.kind(), String.valueOf(known.getMessage()), known);
      }
      throw disconnected(failed.getCause());
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new QmpException(
          Kind.TIMED_OUT, "monitor " + socket + ": interrupted while waiting for " + what, null);
    }
  }

  private void write(ObjectNode request) throws QmpException {
    writing.lock();
    try {
      ByteBuffer line = ByteBuffer.wrap((JSON.writeValueAsString(request) + "\n").getBytes(UTF_8));
      while (line.hasRemaining()) {
        int ignored = channel.write(line);
      }
    } catch (IOException failed) {
      end(disconnected(failed));
      throw disconnected(failed);
    } finally {
      writing.unlock();
    }
  }

  private void connectAndRead() {
    try {
      // Here and not in connect(): with a full backlog the kernel lets connect(2) wait without end.
      boolean ignored = channel.connect(UnixDomainSocketAddress.of(socket));
      try (JsonParser parser = JSON.createParser(new ChannelInput(channel));
          MappingIterator<JsonNode> messages = JSON.readerFor(JsonNode.class).readValues(parser)) {
        while (messages.hasNextValue()) {
          receive(messages.nextValue());
        }
      }
      end(disconnected(null));
    } catch (JsonProcessingException malformed) {
      end(
          new QmpException(
              Kind.MALFORMED,
              "monitor " + socket + " sent what is no JSON: " + malformed.getOriginalMessage(),
              malformed));
    } catch (QmpException malformed) {
      end(malformed);
    } catch (IOException failed) {
      end(disconnected(failed));
    } catch (RuntimeException unexpected) {
      end(
          new QmpException(
              Kind.MALFORMED, "monitor " + socket + ": " + unexpected.getMessage(), unexpected));
    }
  }

  private void receive(JsonNode message) throws QmpException {
    if (!message.isObject()) {
      throw new QmpException(Kind.MALFORMED, "monitor " + socket + " sent no object: " + message);
    } else if (message.has("QMP")) {
      greeting.complete(message);
    } else if (message.has("event")) {
      JsonNode data = message.get("data");
      listener.event(message.get("event").asText(), data == null ? JSON.createObjectNode() : data);
    } else {
      CompletableFuture<JsonNode> reply = waiting.get(message.path("id").asLong(-1));
      JsonNode error = message.get("error");
      if (reply == null) {
        // An answer that came after its timeout, or the error for a line that had no id.
        return;
      }
      if (error != null) {
        String refusal = error.path("desc").asText(error.toString());
        reply.completeExceptionally(new QmpException(Kind.REFUSED, refusal));
      } else {
        reply.complete(message.path("return"));
      }
    }
  }

  private void end(QmpException reason) {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    try {
      channel.close();
    } catch (IOException ignored) {
      // Nothing can be done about a socket that will not close, and nothing depends on it.
    }
    greeting.completeExceptionally(reason);
    waiting.values().forEach(reply -> reply.completeExceptionally(reason));
    listener.closed();
  }

  private QmpException disconnected(@Nullable Throwable cause) {
    String detail = cause == null ? "the connection has ended" : String.valueOf(cause.getMessage());
    return new QmpException(Kind.DISCONNECTED, "monitor " + socket + ": " + detail, cause);
  }

  /**
   * The reading half of a channel. The stream of {@link java.nio.channels.Channels} would hold a
   * lock that writers of the same channel need.
   */
  private static final class ChannelInput extends InputStream {
    private final SocketChannel channel;

    ChannelInput(SocketChannel channel) {
      this.channel = channel;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      return channel.read(ByteBuffer.wrap(target, offset, length));
    }
  }
}
