package dev.holdfast.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.json.Yaml;
import dev.holdfast.standalone.security.Identity;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.internal.SSLUtils;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StandaloneControlPlaneTest {
  @TempDir private Path directory;

  @Test
  void keepsObjectsIdentitiesAndPortOverARestart() throws IOException {
    String before;
    String uid;
    String version;
    try (TestPlane plane = new TestPlane(directory).withMachines()) {
      before = plane.plane.kubeconfig(new Identity.Admin());
      GenericKubernetesResource created = plane.create(TestPlane.machine("kept", 2));
      uid = created.getMetadata().getUid();
      version = plane.machines().inNamespace("default").list().getMetadata().getResourceVersion();
    }
    try (TestPlane plane = new TestPlane(directory);
        KubernetesClient old =
            new KubernetesClientBuilder().withConfig(Config.fromKubeconfig(before)).build()) {
      GenericKubernetesResource kept =
          old.genericKubernetesResources(TestPlane.MACHINES)
              .inNamespace("default")
              .withName("kept")
              .get();

      assertThat(kept.getMetadata().getUid()).isEqualTo(uid);
      GenericKubernetesResource next = plane.create(TestPlane.machine("next", 1));
      assertThat(Long.parseLong(next.getMetadata().getResourceVersion()))
          .isGreaterThan(Long.parseLong(version));
    }
  }

  @Test
  void secretsAreEncryptedInTheDataFileAndWaitForTheirKey() throws IOException {
    String value = "cGFzc3dvcmQtb2YtdGhlLWRhdGFiYXNl";
    Secret secret =
        new SecretBuilder()
            .withNewMetadata()
            .withName("login")
            .withNamespace("default")
            .endMetadata()
            .addToData("password", value)
            .build();
    try (TestPlane plane = new TestPlane(directory)) {
      plane.client.resource(secret).create();
    }
    String file = Files.readString(directory.resolve("objects.mv"), StandardCharsets.ISO_8859_1);
    assertThat(file).contains("secrets/default/login").doesNotContain(value);

    Path key = directory.resolve("secrets.key");
    Path backup = directory.resolve("backup.key");
    Files.move(key, backup);
    for (int attempts = 0; attempts < 2; attempts++) {
      assertThatThrownBy(() -> new TestPlane(directory))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("Secret default/login")
          .hasMessageContaining("secrets.key: put that file back");
    }
    Files.move(backup, key, StandardCopyOption.REPLACE_EXISTING);
    try (TestPlane plane = new TestPlane(directory)) {
      assertThat(plane.client.resource(secret).get().getData()).containsEntry("password", value);
    }
  }

  @Test
  void aSecondStartInTheSameDirectoryChangesNothing() throws IOException {
    List<String> files = List.of("port", "kubeconfig", "agent.kubeconfig", "pki.p12");
    try (TestPlane plane = new TestPlane(directory)) {
      List<String> before = contents(files);
      int other;
      try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        other = free.getLocalPort();
      }

      assertThatThrownBy(
              () -> StandaloneControlPlane.start(StandaloneOptions.in(directory).withPort(other)))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("is another control plane using it?");
      assertThat(contents(files)).isEqualTo(before);
      assertThat(plane.client.namespaces().list().getItems()).isNotEmpty();
    }
  }

  private List<String> contents(List<String> files) throws IOException {
    List<String> contents = new ArrayList<>();
    for (String file : files) {
      contents.add(Files.readString(directory.resolve(file), StandardCharsets.ISO_8859_1));
    }
    return contents;
  }

  @Test
  void servesADefinitionOnceItIsCreated() throws IOException {
    try (TestPlane plane = new TestPlane(directory).withMachines()) {
      assertThat(plane.machines().inNamespace("default").list().getItems()).isEmpty();
      plane
          .client
          .apiextensions()
          .v1()
          .customResourceDefinitions()
          .withName("machines.example.dev")
          .delete();
      org.awaitility.Awaitility.await()
          .untilAsserted(
              () ->
                  assertThatThrownBy(() -> plane.machines().inNamespace("default").list())
                      .isInstanceOf(KubernetesClientException.class));
    }
  }

  @Test
  void writesKubeconfigsThatOnlyTheirOwnerMayRead() throws IOException {
    TestPlane plane = new TestPlane(directory);
    plane.close();

    for (String name :
        new String[] {"kubeconfig", "operator.kubeconfig", "agent.kubeconfig", "pki.p12"}) {
      assertThat(
              PosixFilePermissions.toString(Files.getPosixFilePermissions(directory.resolve(name))))
          .isEqualTo("rw-------");
    }
  }

  @Test
  void answersNothingButHealthAndVersionWithoutACertificate()
      throws IOException, InterruptedException, GeneralSecurityException {
    try (TestPlane plane = new TestPlane(directory);
        HttpClient anonymous = HttpClient.newBuilder().sslContext(trustingAll()).build()) {
      assertThat(status(anonymous, plane, "/readyz")).isEqualTo(200);
      assertThat(status(anonymous, plane, "/version")).isEqualTo(200);
      assertThat(status(anonymous, plane, "/api")).isEqualTo(401);
      assertThat(status(anonymous, plane, "/api/v1/namespaces")).isEqualTo(401);
    }
  }

  @Test
  void listsAreTheSameInJsonPrettyJsonAndYaml()
      throws IOException, InterruptedException, GeneralSecurityException {
    try (TestPlane plane = new TestPlane(directory);
        HttpClient client =
            HttpClient.newBuilder()
                .sslContext(SSLUtils.sslContext(plane.client.getConfiguration()))
                .build()) {
      String path = plane.plane.url() + "/api/v1/namespaces";
      String json = list(client, path, "application/json");
      JsonNode wanted = Json.parse(json.getBytes(StandardCharsets.UTF_8)).value();
      String pretty = list(client, path + "?pretty=true", "application/json");
      String yaml = list(client, path, "application/yaml");

      assertThat(wanted.path("items")).hasSize(4);
      assertThat(pretty).isEqualTo(wanted.toPrettyString() + "\n");
      assertThat(yaml).isEqualTo(new String(Yaml.bytes(wanted), StandardCharsets.UTF_8));
    }
  }

  private static String list(HttpClient client, String url, String accept)
      throws IOException, InterruptedException {
    return client
        .send(
            HttpRequest.newBuilder(URI.create(url)).header("Accept", accept).build(),
            BodyHandlers.ofString())
        .body();
  }

  private static int status(HttpClient client, TestPlane plane, String path)
      throws IOException, InterruptedException {
    return client
        .send(
            HttpRequest.newBuilder(URI.create(plane.plane.url() + path)).build(),
            BodyHandlers.discarding())
        .statusCode();
  }

  @Test
  void refusesAVersionThatIsForgotten() throws IOException {
    try (TestPlane plane = new TestPlane(directory).withMachines()) {
      plane.create(TestPlane.machine("a", 1));
    }
    try (TestPlane plane = new TestPlane(directory)) { // the history begins anew
      assertThatThrownBy(
              () ->
                  plane
                      .machines()
                      .inNamespace("default")
                      .list(
                          new ListOptionsBuilder()
                              .withResourceVersion("2")
                              .withResourceVersionMatch("Exact")
                              .build()))
          .isInstanceOfSatisfying(
              KubernetesClientException.class, e -> assertThat(e.getCode()).isEqualTo(410));
    }
  }

  /** The server's identity is not what these tests are about. */
  private static SSLContext trustingAll() throws GeneralSecurityException {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {new TrustAll()}, new SecureRandom());
    return context;
  }

  private static final class TrustAll extends X509ExtendedTrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
