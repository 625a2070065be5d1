package dev.holdfast.standalone.rig;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import java.io.IOException;
import java.net.BindException;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/** The real API server of the folder kube-rig, where there is one. */
public final class KubeRig implements AutoCloseable {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private final Path folder;
  private final Path state;
  private final KubernetesClient client;

  private KubeRig(Path folder, Path state, String kubeconfig) {
    this.folder = folder;
    this.state = state;
    this.client = client(kubeconfig);
  }

  /** The folder named by the property kube.rig, or shared/kube-rig beside the checkout. */
  public static Optional<Path> folder() {
    String property = System.getProperty("kube.rig", "");
    Stream<Path> candidates =
        property.isEmpty()
            ? Stream.of(Path.of("../../shared/kube-rig"), Path.of("../shared/kube-rig"))
            : Stream.of(Path.of(property));
    return candidates
        .map(Path::toAbsolutePath)
        .map(Path::normalize)
        .filter(folder -> Files.isExecutable(folder.resolve("start.sh")))
        .findFirst();
  }

  public static KubeRig start(Path folder, Path state) throws IOException {
    run(folder.resolve("start.sh"), state);
    return new KubeRig(folder, state, Files.readString(state.resolve("kubeconfig")));
  }

  private static void run(Path script, Path state) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(script.toString())
            .redirectErrorStream(true)
            .redirectOutput(state.resolve("rig.log").toFile());
    builder.environment().put("KUBE_RIG_DIR", state.toString());
    builder.environment().put("KUBE_RIG_PORT", port(state, "port"));
    builder.environment().put("KUBE_RIG_ETCD_PORT", port(state, "etcd-port"));
    Process process = builder.start();
    process.onExit().completeOnTimeout(process, 60, TimeUnit.SECONDS).join();
    if (process.isAlive() || process.exitValue() != 0) {
      process.destroyForcibly();
      throw new IOException(script + " failed, see " + state.resolve("rig.log"));
    }
  }

  private static String port(Path state, String name) throws IOException {
    Path file = state.resolve(name);
    while (!Files.exists(file)) {
      try (ServerSocket socket = new ServerSocket(0);
          ServerSocket _ = new ServerSocket(socket.getLocalPort() + 1)) { // etcd's second one
        Files.writeString(file, Integer.toString(socket.getLocalPort()));
      } catch (BindException e) {
        // taken: another pair
      }
    }
    return Files.readString(file);
  }

  /** A client that tells of every refusal at once: by itself it would try a 500 again and again. */
  public static KubernetesClient client(String kubeconfig) {
    Config config = Config.fromKubeconfig(kubeconfig);
    config.setRequestRetryBackoffLimit(0);
    return new KubernetesClientBuilder().withConfig(config).build();
  }

  /** The client of an administrator. */
  public KubernetesClient client() {
    return client;
  }

  public record Answer(int status, JsonNode body) {}

  public Answer send(String method, String path, String contentType, @Nullable JsonNode body) {
    return send(client, method, path, contentType, body);
  }

  /** Sends a request to the server of a client, whichever that is. */
  public static Answer send(
      KubernetesClient client,
      String method,
      String path,
      String contentType,
      @Nullable JsonNode body) {
    HttpRequest.Builder request =
        client
            .getHttpClient()
            .newHttpRequestBuilder()
            .uri(URI.create(client.getMasterUrl().toString().replaceAll("/$", "") + path));
    if (body != null) {
      request.method(method, contentType, body.toString());
    }
    try {
      HttpResponse<byte[]> response =
          client.getHttpClient().sendAsync(request.build(), byte[].class).get(30, TimeUnit.SECONDS);
      String text = new String(response.body(), UTF_8);
      return new Answer(
          response.code(),
          text.startsWith("{") ? MAPPER.readTree(text) : MAPPER.getNodeFactory().textNode(text));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    } catch (ExecutionException
        | java.util.concurrent.TimeoutException
        | JsonProcessingException e) {
      throw new IllegalStateException(method + " " + path, e);
    }
  }

  /** Creates a CustomResourceDefinition and waits until its objects are served. */
  public void install(JsonNode definition, String collection) {
    Answer answer =
        send(
            "POST",
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
            "application/json",
            definition);
    assertThat(answer.status()).as("%s", answer.body()).isEqualTo(201);
    Awaitility.await().until(() -> send("GET", collection, "", null).status() == 200);
  }

  @Override
  public void close() throws IOException {
    client.close();
    run(folder.resolve("stop.sh"), state);
  }
}
