package dev.holdfast.benchmarks.plane;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.internal.SSLUtils;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;

/** Requests to a control plane as its administrator: HTTP/1.1, connections kept. */
final class Api implements AutoCloseable {
  static final String JSON = "application/json";
  static final String TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;q=0.9";
  static final String APPLY = "application/apply-patch+yaml";
  static final String MERGE = "application/merge-patch+json";

  private static final Duration TIMEOUT = Duration.ofMinutes(1);

  private final HttpClient client;
  private final String url;

  Api(Path kubeconfig) throws IOException, GeneralSecurityException {
    Config config = Config.fromKubeconfig(kubeconfig.toFile());
    url = config.getMasterUrl().replaceAll("/$", "");
    client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .sslContext(SSLUtils.sslContext(config))
            .build();
  }

  /** A request with a body; an empty type for one without. */
  HttpRequest request(String method, String path, String type, byte[] body) {
    HttpRequest.Builder builder =
        HttpRequest.newBuilder(URI.create(url + path)).timeout(TIMEOUT).header("Accept", JSON);
    if (!type.isEmpty()) {
      builder.header("Content-Type", type);
    }
    return builder
        .method(method, type.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(body))
        .build();
  }

  /** A GET with an Accept header. */
  HttpRequest get(String path, String accept) {
    return HttpRequest.newBuilder(URI.create(url + path))
        .timeout(TIMEOUT)
        .header("Accept", accept)
        .build();
  }

  /**
   * The body of the answer.
   *
   * @throws IOException when there is none, or it is not one of success
   */
  byte[] send(HttpRequest request) throws IOException, InterruptedException {
    HttpResponse<byte[]> response = client.send(request, BodyHandlers.ofByteArray());
    if (response.statusCode() / 100 != 2) {
      throw new IOException(
          request.method()
              + " "
              + request.uri()
              + ": "
              + response.statusCode()
              + " "
              + new String(response.body(), StandardCharsets.UTF_8));
    }
    return response.body();
  }

  /** Begins to read an answer that has no end. */
  InputStream open(String path) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(url + path)).header("Accept", JSON).build();
    HttpResponse<InputStream> response = client.send(request, BodyHandlers.ofInputStream());
    if (response.statusCode() != 200) {
      throw new IOException("GET " + path + ": " + response.statusCode());
    }
    return response.body();
  }

  @Override
  public void close() {
    client.shutdownNow();
    client.close();
  }
}
