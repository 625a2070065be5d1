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
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
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
    // What is stored and TLS take about as long to be ready: side by side, because users wait.
    FutureTask<Resources> opening = new FutureTask<>(() -> Resources.open(options, clock));
    Thread.ofPlatform().name("open-store").start(opening);
    ApiServer server = null;
    try {
      CertificateAuthority authority =
          CertificateAuthority.open(directory.resolve("pki.p12"), clock);
      server = listen(options, authority);
      String url = "https://" + host(options.address()) + ":" + server.port();
      Resources resources = opened(opening);
      // Not before: another control plane may be at work in this directory.
      writeFiles(authority, options, server.port(), url);
      Controllers controllers =
          new Controllers(
              resources.registry(), resources.writer(), clock, options.collectGarbage());
      controllers.start();
      server.serve(
          resources.registry(),
          new ResourceReader(resources.store()),
          resources.writer(),
          options.rights(),
          clock);
      LOG.info("The control plane answers at {}", url);
      return new StandaloneControlPlane(resources.store(), server, controllers, authority, url);
    } catch (GeneralSecurityException e) {
      close(server, opening);
      throw new IOException("certificates can't be made in " + directory + ": " + e, e);
    } catch (IOException | RuntimeException e) {
      close(server, opening);
      throw e;
    }
  }

  private static Resources opened(FutureTask<Resources> opening) throws IOException {
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

  private static void close(@Nullable ApiServer server, FutureTask<Resources> opening) {
    try (server) {
      opened(opening).store().close();
    } catch (IOException e) {
      LOG.debug("Not everything was there to be closed: {}", e.getMessage());
    }
  }

  private static ApiServer listen(StandaloneOptions options, CertificateAuthority authority)
      throws IOException, GeneralSecurityException {
    Path file = options.dataDirectory().resolve("port");
    int before = Files.exists(file) ? Integer.parseInt(Files.readString(file).strip()) : 0;
    int port = options.port() != 0 ? options.port() : before;
    return ApiServer.listen(authority, options.address(), port);
  }

  /** What is stored, and what it means. */
  private record Resources(ObjectStore store, ResourceRegistry registry, ResourceWriter writer) {

    static Resources open(StandaloneOptions options, Clock clock) throws IOException {
      ObjectStore store =
          ObjectStore.open(
              options.dataDirectory().resolve("objects.mv"),
              SecretsAtRest.open(options.dataDirectory().resolve("secrets.key")),
              StoreOptions.of(Runtime.getRuntime().maxMemory()).withSync(options.sync()));
      try {
        AtomicReference<Definitions> definitions = new AtomicReference<>();
        ResourceRegistry registry =
            new ResourceRegistry(
                Kinds.builtIn(
                    new DefinitionRules(
                        written -> definitions.get().written(written),
                        gone -> definitions.get().gone(gone))));
        Resources resources = new Resources(store, registry, new ResourceWriter(store, clock));
        definitions.set(new Definitions(registry, resources.writer, clock));
        NAMESPACES.forEach(resources::createNamespace);
        definitions.get().start();
        return resources;
      } catch (RuntimeException e) {
        store.close();
        throw e;
      }
    }

    private void createNamespace(String name) {
      ResourceType type = registry.builtIn("", "namespaces");
      if (store.get(type.key("", name)) != null) {
        return;
      }
      ObjectNode namespace = Json.object().put("apiVersion", "v1").put("kind", "Namespace");
      namespace.putObject("metadata").put("name", name);
      writer.create(
          new Target(type, "", name, ""),
          new ParsedDocument(namespace, List.of(), false),
          WriteOptions.of("holdfast-standalone", false));
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
