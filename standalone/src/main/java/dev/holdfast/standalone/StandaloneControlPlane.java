package dev.holdfast.standalone;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.control.Controllers;
import dev.holdfast.standalone.control.Definitions;
import dev.holdfast.standalone.http.ApiServer;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.json.ParsedDocument;
import dev.holdfast.standalone.kind.DefinitionRules;
import dev.holdfast.standalone.kind.Kinds;
import dev.holdfast.standalone.kind.ResourceRegistry;
import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.read.ResourceReader;
import dev.holdfast.standalone.resource.ApiException;
import dev.holdfast.standalone.resource.ResourceWriter;
import dev.holdfast.standalone.resource.Target;
import dev.holdfast.standalone.resource.WriteOptions;
import dev.holdfast.standalone.security.CertificateAuthority;
import dev.holdfast.standalone.security.Identity;
import dev.holdfast.standalone.security.PrivateFiles;
import dev.holdfast.standalone.security.SecretsAtRest;
import dev.holdfast.standalone.store.ObjectStore;
import dev.holdfast.standalone.store.StoreOptions;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A Kubernetes-API-compatible control plane in this process: enough of it for kubectl, Fabric8 and
 * the Java Operator SDK to work unchanged. It knows nothing of virtual machines.
 */
public final class StandaloneControlPlane implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(StandaloneControlPlane.class);
  private static final List<String> NAMESPACES =
      List.of("default", "kube-node-lease", "kube-public", "kube-system");

  private final ObjectStore store;
  private final ApiServer server;
  private final Controllers controllers;
  private final CertificateAuthority authority;
  private final String url;

  private StandaloneControlPlane(
      ObjectStore store,
      ApiServer server,
      Controllers controllers,
      CertificateAuthority authority,
      String url) {
    this.store = store;
    this.server = server;
    this.controllers = controllers;
    this.authority = authority;
    this.url = url;
  }

  /**
   * Starts it; when this returns it answers, and the kubeconfigs are in the data directory.
   *
   * @throws IOException when the directory can't be used or the port is taken
   */
  public static StandaloneControlPlane start(StandaloneOptions options) throws IOException {
    return start(options, Clock.systemUTC());
  }

  /**
   * As {@link #start(StandaloneOptions)}.
   *
   * @param clock tells the times that objects get
   */
  public static StandaloneControlPlane start(StandaloneOptions options, Clock clock)
      throws IOException {
    Path directory = options.dataDirectory();
    PrivateFiles.createDirectory(directory);
    List<AutoCloseable> opened = new ArrayList<>();
    // Opening the file and making TLS ready take about as long: side by side, because users wait.
    FutureTask<ObjectStore> opening = new FutureTask<>(() -> openStore(options));
    Thread.ofPlatform().name("open-store").start(opening);
    try {
      CertificateAuthority authority =
          CertificateAuthority.open(directory.resolve("pki.p12"), clock);
      ApiServer server = listen(options, authority);
      opened.add(server);
      String url = "https://" + host(options.address()) + ":" + server.port();
      ObjectStore store = opened(opening);
      // Not before: another control plane may be at work in this directory.
      writeFiles(authority, options, server.port(), url);
      Controllers controllers = serve(store, server, clock, options);
      LOG.info("The control plane answers at {}", url);
      return new StandaloneControlPlane(store, server, controllers, authority, url);
    } catch (GeneralSecurityException e) {
      closeAll(opened, opening);
      throw new IOException("certificates can't be made in " + directory + ": " + e, e);
    } catch (IOException | RuntimeException e) {
      closeAll(opened, opening);
      throw e;
    }
  }

  private static ObjectStore openStore(StandaloneOptions options) throws IOException {
    return ObjectStore.open(
        options.dataDirectory().resolve("objects.mv"),
        SecretsAtRest.open(options.dataDirectory().resolve("secrets.key")),
        StoreOptions.of(Runtime.getRuntime().maxMemory()).withSync(options.sync()));
  }

  private static ObjectStore opened(FutureTask<ObjectStore> opening) throws IOException {
    try {
      return opening.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException
          || e.getCause() instanceof SecretsAtRest.UnreadableSecretException) {
        throw new IOException(e.getCause().getMessage(), e);
      }
      throw new IOException(
          "the data file can't be opened; is another control plane using it? " + e.getCause(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while the data file was opened", e);
    }
  }

  private static void closeAll(List<AutoCloseable> opened, FutureTask<ObjectStore> opening) {
    try {
      opened.add(opened(opening));
    } catch (IOException e) {
      LOG.debug("There is no store to close: {}", e.getMessage());
    }
    for (AutoCloseable each : opened.reversed()) {
      try {
        each.close();
      } catch (Exception e) {
        LOG.warn("{} could not be closed: {}", each, e.getMessage());
      }
    }
  }

  private static ApiServer listen(StandaloneOptions options, CertificateAuthority authority)
      throws IOException, GeneralSecurityException {
    Path file = options.dataDirectory().resolve("port");
    int before = Files.exists(file) ? Integer.parseInt(Files.readString(file).strip()) : 0;
    int port = options.port() != 0 ? options.port() : before;
    return ApiServer.listen(authority, options.address(), port);
  }

  private static Controllers serve(
      ObjectStore store, ApiServer server, Clock clock, StandaloneOptions options)
      throws IOException {
    AtomicReference<Definitions> definitions = new AtomicReference<>();
    ResourceRegistry registry =
        new ResourceRegistry(
            Kinds.builtIn(
                new DefinitionRules(
                    written -> definitions.get().written(written),
                    gone -> definitions.get().gone(gone))));
    ResourceWriter writer = new ResourceWriter(store, clock);
    definitions.set(new Definitions(registry, writer, clock));
    for (String namespace : NAMESPACES) {
      createNamespace(registry, writer, namespace);
    }
    definitions.get().start();
    Controllers controllers = new Controllers(registry, writer, clock, options.collectGarbage());
    controllers.start();
    server.serve(registry, new ResourceReader(store), writer, options.rights(), clock);
    return controllers;
  }

  private static void createNamespace(
      ResourceRegistry registry, ResourceWriter writer, String name) {
    ResourceType type = registry.builtIn("", "namespaces");
    if (writer.store().get(type.key("", name)) != null) {
      return;
    }
    ObjectNode namespace = Json.object().put("apiVersion", "v1").put("kind", "Namespace");
    namespace.putObject("metadata").put("name", name);
    try {
      writer.create(
          new Target(type, "", name, ""),
          new ParsedDocument(namespace, List.of(), false),
          WriteOptions.of("holdfast-standalone", false));
    } catch (ApiException e) {
      throw new IllegalStateException("namespace " + name + " can't be made", e);
    }
  }

  private static String host(InetAddress address) {
    InetAddress reachable =
        address.isAnyLocalAddress() ? InetAddress.getLoopbackAddress() : address;
    return reachable instanceof Inet6Address
        ? "[" + reachable.getHostAddress() + "]"
        : reachable.getHostAddress();
  }

  private static void writeFiles(
      CertificateAuthority authority, StandaloneOptions options, int port, String url)
      throws IOException, GeneralSecurityException {
    Map<String, String> files =
        Map.of(
            "port", port + "\n",
            "kubeconfig", authority.kubeconfig(new Identity.Admin(), url),
            "operator.kubeconfig", authority.kubeconfig(new Identity.Operator(), url),
            "agent.kubeconfig", authority.kubeconfig(new Identity.Agent(options.nodeName()), url));
    authority.save();
    for (Map.Entry<String, String> file : files.entrySet()) {
      PrivateFiles.write(
          options.dataDirectory().resolve(file.getKey()),
          file.getValue().getBytes(StandardCharsets.UTF_8));
    }
  }

  /** A kubeconfig for an identity, with its certificate and key embedded. */
  public String kubeconfig(Identity identity) {
    try {
      String text = authority.kubeconfig(identity, url);
      authority.save();
      return text;
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException("no certificate can be issued for " + identity, e);
    }
  }

  /** Where it answers: https and a loopback address, unless it was told to listen elsewhere. */
  public String url() {
    return url;
  }

  public int port() {
    return server.port();
  }

  /** Ends all watches, stops listening, and closes the store after the last write. */
  @Override
  public void close() throws IOException {
    store.endWatches();
    server.close();
    controllers.close();
    store.close();
  }
}
