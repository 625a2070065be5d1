package dev.holdfast.node.host.qemu.qmp;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** One end of a monitor that says what a test wants it to say. */
final class ScriptedMonitor implements AutoCloseable {
  private static final String GREETING =
      "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7},"
          + " \"package\": \"Debian\"}, \"capabilities\": [\"oob\"]}}\r\n";

  private static final ObjectMapper JSON = JsonMapper.builder().build();

  private final Path socket;
  private final ServerSocketChannel server;
  private final AtomicInteger requests = new AtomicInteger();
  private volatile Function<JsonNode, String> script = ScriptedMonitor::echo;
  private volatile @Nullable SocketChannel connection;

  ScriptedMonitor(Path socket) throws IOException {
    this.socket = socket;
    this.server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    ServerSocketChannel ignored = server.bind(UnixDomainSocketAddress.of(socket));
  }

  Path socket() {
    return socket;
  }

  int requests() {
    return requests.get();
  }

  void answers(Function<JsonNode, String> newScript) {
    script = newScript;
  }

  /** Holds back every other answer until the next request. */
  void answersInPairsReversed() {
    Deque<String> held = new ArrayDeque<>();
    script =
        request -> {
          if (held.isEmpty()) {
            held.push(echo(request));
            return "";
          }
          return echo(request) + "\n" + held.pop();
        };
  }

  private static String echo(JsonNode request) {
    return "{\"return\":" + request.get("execute") + ",\"id\":" + request.get("id") + "}";
  }

  void greets() {
    var _ = Thread.ofVirtual().start(() -> serve(GREETING));
  }

  void staysSilent() {
    var _ = Thread.ofVirtual().start(() -> serve(""));
  }

  private void serve(String greeting) {
    try (SocketChannel accepted = server.accept()) {
      connection = accepted;
      write(accepted, greeting);
      var lines =
          new BufferedReader(new InputStreamReader(Channels.newInputStream(accepted), UTF_8));
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        JsonNode request = JSON.readTree(line);
        boolean negotiates = request.get("execute").asText().equals("qmp_capabilities");
        String answer =
            negotiates ? "{\"return\":{},\"id\":" + request.get("id") + "}" : script.apply(request);
        int ignored = requests.incrementAndGet();
        if (!answer.isEmpty()) {
          write(accepted, answer + "\r\n");
        }
      }
    } catch (IOException ended) {
      // The test has hung up, or the client has.
      return;
    }
  }

  private static void write(SocketChannel channel, String text) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(UTF_8));
    while (bytes.hasRemaining()) {
      int ignored = channel.write(bytes);
    }
  }

  void hangUp() throws IOException {
    SocketChannel open = connection;
    if (open != null) {
      open.close();
    }
  }

  @Override
  public void close() throws IOException {
    hangUp();
    server.close();
  }
}
