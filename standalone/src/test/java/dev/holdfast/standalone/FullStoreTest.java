package dev.holdfast.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Clients that store as much as they can, in a control plane in a process of its own: they are
 * refused before the heap is full, others are served, and after deletions everything goes on.
 */
class FullStoreTest {
  private static final String MAPS = "/api/v1/namespaces/default/configmaps";
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int CLIENTS = 8;
  private static final Pattern NAME = Pattern.compile("\"name\":\"([^\"]+)\"");

  @TempDir private Path directory;

  @Test
  void goesOnWhenItIsFull() throws Exception {
    fillAndEmpty("96m", 300_000);
  }

  @ParameterizedTest
  @CsvSource({"192m, 1500000", "192m, 50000", "192m, 1", "128m, 1500000", "64m, 1"})
  @Tag("heavy")
  void goesOnWhenItIsFullOf(String heap, int bytes) throws Exception {
    fillAndEmpty(heap, bytes);
  }

  private void fillAndEmpty(String heap, int bytes) throws Exception {
    List<String> created;
    try (Client client = new Client(new PlaneProcess(directory.resolve("data"), heap))) {
      client.expect(
          201,
          "POST",
          MAPS,
          "{\"metadata\":{\"name\":\"held\",\"finalizers\":[\"example.dev/a\",\"example.dev/b\"]}}");
      created = fill(client, bytes);
      assertThat(created).hasSizeGreaterThan(3);
      serves(client, created);
      client.expect(500, "POST", MAPS, map("too-large", 1_600_000));
    }
    try (Client client = new Client(new PlaneProcess(directory.resolve("data"), heap))) {
      serves(client, created);
      client.expect(200, "DELETE", MAPS + "/held", "");
      client.expect(200, "PATCH", MAPS + "/held", finalizers("[\"example.dev/b\"]"));
      client.expect(200, "PATCH", MAPS + "/held", finalizers("null"));
      client.expect(404, "GET", MAPS + "/held", "");
      for (String name : created.subList(0, 1 + created.size() / 2)) {
        client.expect(200, "DELETE", MAPS + "/" + name, "");
      }
      try (GoodClient good = new GoodClient(client.process.good, client.process.url())) {
        await().atMost(PATIENCE).until(() -> good.rounds() >= 3 || !good.failures().isEmpty());
        assertThat(good.failures()).isEmpty();
      }
      fill(client, bytes);
      serves(client, created.subList(1 + created.size() / 2, created.size()));
    }
  }

  private static String map(String name, int bytes) {
    return "{\"metadata\":{\"name\":\"%s\"},\"data\":{\"k\":\"%s\"}}"
        .formatted(name, "v".repeat(bytes));
  }

  private static String finalizers(String finalizers) {
    return "{\"metadata\":{\"finalizers\":" + finalizers + "}}";
  }

  /** Several clients at once create what is as large, until each is refused. */
  private static List<String> fill(Client client, int bytes) throws Exception {
    Queue<String> created = new ConcurrentLinkedQueue<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Callable<String> filling =
          () -> {
            while (true) {
              String name =
                  "n%x-%d".formatted(System.nanoTime(), Thread.currentThread().threadId());
              String answer = client.send("POST", MAPS, map(name, bytes));
              if (!answer.startsWith("201 ")) {
                return answer;
              }
              created.add(name);
            }
          };
      for (Future<String> refused : threads.invokeAll(Collections.nCopies(CLIENTS, filling))) {
        assertThat(refused.get())
            .as(client.process::output)
            .startsWith("500 ")
            .contains("the control plane is full: its objects take ")
            .contains("delete what is not needed");
      }
    }
    return new ArrayList<>(created);
  }

  /** Everything that needs no room goes on. */
  private static void serves(Client client, List<String> names) throws Exception {
    String path = MAPS + "/" + names.getLast();
    client.expect(200, "GET", path, "");
    client.expect(200, "GET", MAPS + "?limit=3", "");
    client.expect(200, "PATCH", path, "{\"data\":{\"k\":\"s\"}}");
    client.expect(200, "DELETE", path + "?dryRun=All", "");
    Matcher listed = NAME.matcher(client.send("GET", MAPS, ""));
    assertThat(listed.results().map(name -> name.group(1)).collect(Collectors.toSet()))
        .containsAll(Set.copyOf(names));
    client.expect(200, "GET", "/readyz", "");
    assertThat(client.send("GET", "/metrics", ""))
        .containsPattern("stored_bytes [1-9]\\d+\n(#.*\n)*.*_stored_bytes_limit [1-9]\\d+\n");
  }

  /** One that is good, and asks without trying again. */
  private record Client(PlaneProcess process, HttpClient http) implements AutoCloseable {
    Client(PlaneProcess process) {
      this(
          process,
          HttpClient.newBuilder()
              .sslContext(process.good)
              .version(HttpClient.Version.HTTP_1_1)
              .build());
    }

    /** Status and body of the answer. */
    String send(String method, String path, String body) throws IOException, InterruptedException {
      var response =
          http.send(
              HttpRequest.newBuilder(URI.create(process.url() + path))
                  .timeout(PATIENCE)
                  .header(
                      "Content-Type",
                      method.equals("PATCH") ? "application/merge-patch+json" : "application/json")
                  .method(method, BodyPublishers.ofString(body))
                  .build(),
              BodyHandlers.ofString());
      return response.statusCode() + " " + response.body();
    }

    void expect(int status, String method, String path, String body) throws Exception {
      assertThat(send(method, path, body)).as(process::output).startsWith(status + " ");
    }

    @Override
    public void close() throws IOException {
      assertThat(process.isAlive()).as(process::output).isTrue();
      http.close();
      process.close();
    }
  }
}
