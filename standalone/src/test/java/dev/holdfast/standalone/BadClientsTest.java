package dev.holdfast.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What bad clients do to a control plane in a process of its own, with the memory that it really
 * has: it goes on to serve a good one, and lives. Each with the certificate of the good one, and
 * without any.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BadClientsTest {
  private static final String HEAP = "192m"; // as the holdfast script
  private static final long MOST_KIB = 420 << 10; // of the whole process, with code and buffers
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final String MAPS = "/api/v1/namespaces/default/configmaps";

  private static final List<String> NOT_READ =
      List.of("?watch=true", "?x", "?pretty=true", "/kept", "/kept?pretty=true");

  @SuppressWarnings("NullAway.Init")
  private PlaneProcess process;

  @BeforeAll
  void start(@TempDir Path temporary) throws IOException, GeneralSecurityException {
    process = new PlaneProcess(temporary.resolve("data"), HEAP);
  }

  @AfterAll
  void stop() throws IOException {
    process.close();
  }

  /** One way to be bad. */
  private interface Attack {
    void by(BadClient client) throws IOException;
  }

  private void othersAreServedDuring(boolean certificate, Attack attack) throws IOException {
    try (GoodClient client = new GoodClient(process.good, process.url());
        BadClient bad =
            new BadClient(process.port, certificate ? process.good : process.stranger)) {
      awaitRounds(client, 1);
      attack.by(bad);
      awaitRounds(client, client.rounds() + 3);
      assertThat(client.failures()).isEmpty();
    }
    assertThat(process.isAlive()).as(process::output).isTrue();
    assertThat(process.peakKib()).isLessThan(MOST_KIB);
  }

  private void awaitRounds(GoodClient client, int rounds) {
    await()
        .atMost(PATIENCE)
        .until(
            () -> client.rounds() >= rounds || !client.failures().isEmpty() || !process.isAlive());
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void malformedRequests(boolean certificate) throws IOException {
    Map<String, String> accepted = new TreeMap<>();
    othersAreServedDuring(
        certificate,
        bad -> {
          for (Map.Entry<String, byte[]> request : BadClient.malformed(new Random(1)).entrySet()) {
            String answer = bad.send(request.getValue());
            if (!answer.matches("|HTTP/1.1 (4..|505) .*")) {
              accepted.put(request.getKey(), answer);
            }
            Socket withoutTls = bad.connect();
            withoutTls.getOutputStream().write(request.getValue(), 0, 4);
          }
        });
    assertThat(accepted).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void hugeAndDeepBodiesAndBombs(boolean certificate) throws IOException {
    Map<String, String> wrong = new TreeMap<>();
    othersAreServedDuring(
        certificate,
        bad -> {
          for (Map.Entry<String, BadClient.Request> body : bad.bodies().entrySet()) {
            String answer = body.getValue().send();
            if (!answer.matches(certificate ? "|HTTP/1.1 4.. .*" : "|HTTP/1.1 401 .*")) {
              wrong.put(body.getKey(), answer);
            }
          }
        });
    assertThat(wrong).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void slowClients(boolean certificate) throws IOException {
    beSlow(certificate, 30);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  @Tag("heavy")
  void verySlowClients(boolean certificate) throws IOException {
    beSlow(certificate, 300);
  }

  /** Clients that stop in the middle of what they send, or of what they read. */
  private void beSlow(boolean certificate, int clients) throws IOException {
    byte[] body = new byte[2 << 20];
    String value = "v".repeat(900_000);
    String kept = "{\"metadata\":{\"name\":\"kept\"},\"data\":{\"k\":\"%s\"}}".formatted(value);
    try (BadClient writer = new BadClient(process.port, process.good)) {
      writer.post(MAPS, "application/json", kept);
    }
    othersAreServedDuring(
        certificate,
        bad -> {
          for (int i = 0; i < clients; i++) {
            bad.connectTls().getOutputStream().write(BadClient.bytes("GET /version HTTP/1.1\r\nX"));
            Socket sender = bad.connectTls();
            sender
                .getOutputStream()
                .write(BadClient.head("POST", MAPS, "application/json", 3 << 20));
            if (i % 8 == 0 || !certificate) {
              Thread.ofVirtual().start(() -> write(sender, body));
            }
            for (String path : NOT_READ) {
              bad.connectTls()
                  .getOutputStream()
                  .write(BadClient.head("GET", MAPS + path, "application/json", 0));
            }
          }
          fill(certificate);
        });
  }

  private static void write(Socket socket, byte[] bytes) {
    try {
      socket.getOutputStream().write(bytes);
    } catch (IOException e) {
      // the server has closed it
    }
  }

  /** Writes much more than the buffers of watchers that do not read can take. */
  private void fill(boolean certificate) throws IOException {
    try (BadClient writer = new BadClient(process.port, process.good)) {
      String value = "v".repeat(900_000);
      for (int i = 0; i < 20; i++) {
        String map =
            "{\"metadata\":{\"name\":\"large-%s-%s\"},\"data\":{\"k\":\"%s\"}}"
                .formatted(certificate, i, value);
        writer.post(MAPS, "application/json", map);
        writer.delete(MAPS + "/large-" + certificate + "-" + i);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void manyConnections(boolean certificate) throws IOException {
    connect(certificate, 3_000, 100);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  @Tag("heavy")
  void tenThousandConnections(boolean certificate) throws IOException {
    connect(certificate, 10_000, 9_000);
  }

  /** Connections that say nothing, that stop in the handshake, and that do nothing after it. */
  private void connect(boolean certificate, int tcp, int handshakes) throws IOException {
    long files = mostFiles();
    int wanted = tcp + handshakes;
    assumeTrue(files > wanted + 500, () -> "ulimit -n is " + files + ", too low for " + wanted);
    byte[] half = {22, 3, 1, 2, 0, 1, 0, 1}; // a ClientHello that does not go on
    othersAreServedDuring(
        certificate,
        bad -> {
          for (int i = 0; i < Math.max(tcp, handshakes); i++) {
            if (i < tcp) {
              Socket socket = bad.connect();
              if (i % 2 == 0) {
                write(socket, half);
              }
            }
            if (i < handshakes) {
              bad.connectTls();
            }
          }
        });
  }

  private static long mostFiles() throws IOException {
    Matcher limit =
        Pattern.compile("Max open files\\s+(\\d+)")
            .matcher(Files.readString(Path.of("/proc/self/limits")));
    return limit.find() ? Long.parseLong(limit.group(1)) : 0;
  }
}
