package dev.holdfast.node.host.qemu.qmp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.holdfast.node.host.qemu.qmp.QmpException.Kind;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QmpClientTest {
  private static final Duration LONG = Duration.ofSeconds(20);
  private static final Duration SHORT = Duration.ofMillis(100);

  @TempDir Path directory;
  private final Recorder recorder = new Recorder();
  private ScriptedMonitor monitor;

  private static final class Recorder implements QmpListener {
    final List<String> events = new CopyOnWriteArrayList<>();
    final AtomicInteger closed = new AtomicInteger();

    @Override
    public void event(String name, JsonNode data) {
      events.add(name + data);
    }

    @Override
    public void closed() {
      closed.incrementAndGet();
    }
  }

  @BeforeEach
  void listen() throws Exception {
    monitor = new ScriptedMonitor(directory.resolve("qmp.sock"));
  }

  @AfterEach
  void stop() throws Exception {
    monitor.close();
  }

  private QmpClient connected() throws Exception {
    monitor.greets();
    return QmpClient.connect(monitor.socket(), LONG, recorder);
  }

  @Test
  void readsTheVersion() throws Exception {
    try (QmpClient client = connected()) {
      assertThat(client.version()).isEqualTo("7.2.22");
    }
  }

  @Test
  void givesUpWhereNobodyListens() {
    assertThatThrownBy(() -> QmpClient.connect(directory.resolve("none"), LONG, recorder))
        .isInstanceOfSatisfying(
            QmpException.class, e -> assertThat(e.kind()).isEqualTo(Kind.DISCONNECTED));
  }

  @Test
  void givesUpWithoutAGreeting() {
    monitor.staysSilent();

    assertThatThrownBy(() -> QmpClient.connect(monitor.socket(), SHORT, recorder))
        .isInstanceOfSatisfying(
            QmpException.class, e -> assertThat(e.kind()).isEqualTo(Kind.TIMED_OUT))
        .hasMessageContaining("greeting");
  }

  @Test
  void matchesRepliesInAnyOrder() throws Exception {
    monitor.answersInPairsReversed();
    try (QmpClient client = connected();
        var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<JsonNode>> replies = new ArrayList<>();
      IntStream.range(0, 100)
          .forEach(n -> replies.add(executor.submit(() -> client.execute("echo-" + n, LONG))));
      for (int n = 0; n < 100; n++) {
        assertThat(replies.get(n).get().asText()).isEqualTo("echo-" + n);
      }
    }
  }

  @Test
  void sendsArguments() throws Exception {
    monitor.answers(
        request ->
            "{\"return\":" + request.get("arguments") + ",\"id\":" + request.get("id") + "}");
    try (QmpClient client = connected()) {
      var arguments = JsonNodeFactory.instance.objectNode().put("name", "Grüße 🙂 \" \n");

      assertThat(client.execute("echo", arguments, LONG)).isEqualTo(arguments);
    }
  }

  @Test
  void readsAReplyOfSeveralMegabytes() throws Exception {
    String big = "ü".repeat(3 << 20);
    monitor.answers(request -> "{\"return\":\"" + big + "\",\"id\":" + request.get("id") + "}");
    try (QmpClient client = connected()) {
      assertThat(client.execute("big", LONG).asText()).isEqualTo(big);
    }
  }

  @Test
  void passesOnWhatQemuRefuses() throws Exception {
    monitor.answers(
        request ->
            "{\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"The command x has not been"
                + " found\"},\"id\":"
                + request.get("id")
                + "}");
    try (QmpClient client = connected()) {
      assertThatThrownBy(() -> client.execute("x", LONG))
          .isInstanceOfSatisfying(
              QmpException.class, e -> assertThat(e.kind()).isEqualTo(Kind.REFUSED))
          .hasMessage("The command x has not been found");
      assertThat(client.isOpen()).isTrue();
    }
  }

  @Test
  void hearsEventsBetweenReplies() throws Exception {
    monitor.answers(
        request ->
            "{\"timestamp\":{\"seconds\":1,\"microseconds\":2},\"event\":\"STOP\"}\n"
                + "{\"event\":\"SHUTDOWN\",\"data\":{\"guest\":true}}\n"
                + "{\"return\":{},\"id\":"
                + request.get("id")
                + "}");
    try (QmpClient client = connected()) {
      JsonNode ignored = client.execute("x", LONG);

      assertThat(recorder.events).containsExactly("STOP{}", "SHUTDOWN{\"guest\":true}");
    }
  }

  @Test
  void aLateReplyDisturbsNobody() throws Exception {
    monitor.answers(
        request ->
            request.get("execute").asText().equals("slow")
                ? ""
                : "{\"return\":\"late\",\"id\":2}\n{\"return\":\"now\",\"id\":"
                    + request.get("id")
                    + "}");
    try (QmpClient client = connected()) {
      assertThatThrownBy(() -> client.execute("slow", SHORT))
          .isInstanceOfSatisfying(
              QmpException.class, e -> assertThat(e.kind()).isEqualTo(Kind.TIMED_OUT));

      assertThat(client.execute("fast", LONG).asText()).isEqualTo("now");
    }
  }

  @Test
  void whatIsNoJsonEndsTheConnection() throws Exception {
    monitor.answers(request -> "HELP\n");
    try (QmpClient client = connected()) {
      assertThatThrownBy(() -> client.execute("x", LONG))
          .isInstanceOfSatisfying(
              QmpException.class, e -> assertThat(e.kind()).isEqualTo(Kind.MALFORMED));
      await().until(() -> !client.isOpen());
      await().untilAsserted(() -> assertThat(recorder.closed).hasValue(1));
    }
  }

  @Test
  void whatIsNoObjectEndsTheConnection() throws Exception {
    monitor.answers(request -> "[1]\n");
    try (QmpClient client = connected()) {
      assertThatThrownBy(() -> client.execute("x", LONG))
          .isInstanceOfSatisfying(
              QmpException.class, e -> assertThat(e.kind()).isEqualTo(Kind.MALFORMED));
    }
  }

  @Test
  void aReplyThatIsCutOffIsNoReply() throws Exception {
    monitor.answers(request -> "{\"return\":{\"a\":");
    try (QmpClient client = connected();
        var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<JsonNode> reply = executor.submit(() -> client.execute("x", LONG));
      await().until(() -> monitor.requests() == 2);
      monitor.hangUp();

      assertThatThrownBy(reply::get).hasCauseInstanceOf(QmpException.class);
      await().until(() -> !client.isOpen());
    }
  }

  @Test
  void everybodyWhoWaitsLearnsOfTheEnd() throws Exception {
    monitor.answers(request -> "");
    try (QmpClient client = connected();
        var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<JsonNode> first = executor.submit(() -> client.execute("x", LONG));
      Future<JsonNode> second = executor.submit(() -> client.execute("y", LONG));
      await().until(() -> monitor.requests() == 3);
      monitor.hangUp();

      assertThatThrownBy(first::get).hasCauseInstanceOf(QmpException.class);
      assertThatThrownBy(second::get).hasCauseInstanceOf(QmpException.class);
      assertThatThrownBy(() -> client.execute("z", LONG))
          .isInstanceOfSatisfying(
              QmpException.class, e -> assertThat(e.kind()).isEqualTo(Kind.DISCONNECTED));
      await().untilAsserted(() -> assertThat(recorder.closed).hasValue(1));
    }
  }
}
