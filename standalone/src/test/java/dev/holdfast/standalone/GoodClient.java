package dev.holdfast.standalone;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;

/**
 * Creates, reads and watches one object after the other, and deletes them again. Does nothing a
 * second time: an answer that is not the right one is a failure.
 */
final class GoodClient implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final String NAMESPACE = "/api/v1/namespaces/kube-public/configmaps";
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private final HttpClient client;
  private final String url;
  private final Set<String> seen = ConcurrentHashMap.newKeySet();
  private final List<String> failures = new CopyOnWriteArrayList<>();
  private final AtomicInteger rounds = new AtomicInteger();
  private final Thread watcher;
  private final Thread worker;
  private volatile boolean stopped;

  GoodClient(SSLContext tls, String url) {
    this.client =
        HttpClient.newBuilder().sslContext(tls).version(HttpClient.Version.HTTP_1_1).build();
    this.url = url;
    this.watcher = Thread.ofVirtual().name("good-watcher").start(this::watch);
    this.worker = Thread.ofVirtual().name("good-worker").start(this::work);
  }

  /** How often everything has been right. */
  int rounds() {
    return rounds.get();
  }

  List<String> failures() {
    return failures;
  }

  private void work() {
    try {
      for (int i = 0; !stopped; i++) {
        String name = "good-" + hashCode() + "-" + i;
        expect(201, "POST", NAMESPACE, "{\"metadata\":{\"name\":\"" + name + "\"}}");
        expect(200, "GET", NAMESPACE + "/" + name, "");
        expect(200, "GET", NAMESPACE + "?limit=5", "");
        await(name);
        expect(200, "DELETE", NAMESPACE + "/" + name, "");
        rounds.incrementAndGet();
      }
    } catch (IOException | RuntimeException e) {
      if (!stopped) {
        failures.add("after " + rounds + " rounds: " + e);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void expect(int wanted, String method, String path, String body)
      throws IOException, InterruptedException {
    HttpResponse<String> response =
        client.send(
            HttpRequest.newBuilder(URI.create(url + path))
                .timeout(PATIENCE)
                .method(method, BodyPublishers.ofString(body))
                .build(),
            BodyHandlers.ofString());
    if (response.statusCode() != wanted) {
      throw new IOException(method + " " + path + ": " + response.body());
    }
  }

  private synchronized void await(String name) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!seen.remove(name)) {
      long left = (deadline - System.nanoTime()) / 1_000_000;
      if (left <= 0) {
        throw new IOException("the watch did not show " + name);
      }
      wait(left);
    }
  }

  /** One watch for the whole time: it must not end. */
  private void watch() {
    try {
      HttpResponse<InputStream> response =
          client.send(
              HttpRequest.newBuilder(URI.create(url + NAMESPACE + "?watch=true")).build(),
              BodyHandlers.ofInputStream());
      try (BufferedReader lines =
          new BufferedReader(new InputStreamReader(response.body(), UTF_8))) {
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
          saw(MAPPER.readTree(line));
        }
      }
      throw new IOException("the watch has ended");
    } catch (IOException | RuntimeException e) {
      if (!stopped) {
        failures.add("watch: " + e);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized void saw(JsonNode event) {
    if (event.path("type").asText().equals("ADDED")) {
      seen.add(event.at("/object/metadata/name").asText());
      notifyAll();
    }
  }

  @Override
  public void close() throws IOException {
    stopped = true;
    client.shutdownNow();
    try {
      worker.join();
      watcher.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }
}
