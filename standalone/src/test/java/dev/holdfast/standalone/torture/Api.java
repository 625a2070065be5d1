package dev.holdfast.standalone.torture;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.internal.SSLUtils;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The API as it goes over the wire: HTTP/1.1 and WebSocket, with a client certificate. */
final class Api implements AutoCloseable {
  static final String JSON = "application/json";
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private final HttpClient http;
  private final String base;

  Api(String kubeconfig) {
    Config config = Config.fromKubeconfig(kubeconfig);
    this.base = config.getMasterUrl().replaceAll("/$", "");
    try {
      this.http =
          HttpClient.newBuilder()
              .version(HttpClient.Version.HTTP_1_1)
              .connectTimeout(PATIENCE)
              .sslContext(SSLUtils.sslContext(config))
              .build();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  record Answer(int status, JsonNode body) {
    long revision() {
      return revisionOf(body);
    }
  }

  static ObjectNode object() {
    return MAPPER.createObjectNode();
  }

  static JsonNode parse(String json) {
    try {
      return MAPPER.readTree(json);
    } catch (IOException e) {
      throw new UncheckedIOException("not JSON: " + json, e);
    }
  }

  static long revisionOf(JsonNode object) {
    return object.path("metadata").path("resourceVersion").asLong();
  }

  Answer get(String path) throws IOException {
    return send("GET", path, JSON, null);
  }

  Answer send(String method, String path, String contentType, @Nullable JsonNode body)
      throws IOException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(base + path)).timeout(PATIENCE).header("Accept", JSON);
    if (body == null) {
      request.method(method, BodyPublishers.noBody());
    } else {
      request
          .header("Content-Type", contentType)
          .method(method, BodyPublishers.ofString(body.toString()));
    }
    HttpResponse<String> response =
        joined(http.sendAsync(request.build(), BodyHandlers.ofString()));
    return new Answer(response.statusCode(), parse(response.body()));
  }

  /** The events of one watch, for one thread. */
  interface Events extends AutoCloseable {
    /** The next event, or null when the server has ended the watch. */
    @Nullable JsonNode next() throws IOException, InterruptedException;

    /** Breaks the connection off, without a word to the server. */
    @Override
    void close();
  }

  /** Watches over chunked HTTP. */
  Events stream(String path) throws IOException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(base + path)).header("Accept", JSON).build();
    var response = joined(http.sendAsync(request, BodyHandlers.ofInputStream()));
    BufferedReader lines = new BufferedReader(new InputStreamReader(response.body(), UTF_8));
    return new Events() {
      @Override
      public @Nullable JsonNode next() throws IOException {
        String line = lines.readLine();
        if (line == null) {
          return null;
        }
        JsonNode read = parse(line);
        return response.statusCode() == 200 ? read : error(read);
      }

      @Override
      public void close() {
        try {
          lines.close();
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    };
  }

  private static ObjectNode error(JsonNode status) {
    ObjectNode event = object().put("type", "ERROR");
    event.set("object", status);
    return event;
  }

  /** Watches over a WebSocket. */
  Events socket(String path) throws IOException {
    Frames frames = new Frames();
    WebSocket socket =
        joined(
            http.newWebSocketBuilder()
                .connectTimeout(PATIENCE)
                .buildAsync(URI.create(base.replace("https:", "wss:") + path), frames));
    return new Events() {
      @Override
      public @Nullable JsonNode next() throws IOException, InterruptedException {
        socket.request(1);
        String text = frames.messages.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        if (text == null) {
          throw new IOException("nothing comes over the WebSocket of " + path);
        }
        return text.isEmpty() ? null : parse(text);
      }

      @Override
      public void close() {
        socket.abort();
      }
    };
  }

  /** Puts frames together; takes the next message from the network only when it is wanted. */
  private static final class Frames implements WebSocket.Listener {
    private final BlockingQueue<String> messages = new LinkedBlockingQueue<>();
    private final StringBuilder message = new StringBuilder();

    @Override
    public void onOpen(WebSocket socket) {
      // the first message is asked for by the reader
    }

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
      message.append(data);
      if (last) {
        messages.add(message.toString());
        message.setLength(0);
      } else {
        socket.request(1);
      }
      return null;
    }

    @Override
    public @Nullable CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
      messages.add("");
      return null;
    }

    @Override
    public void onError(WebSocket socket, Throwable error) {
      messages.add("");
    }
  }

  private static <T> T joined(CompletableFuture<T> future) throws IOException {
    try {
      return future.join();
    } catch (CompletionException e) {
      throw new IOException(e.getCause());
    }
  }

  @Override
  public void close() {
    http.shutdownNow();
  }
}
