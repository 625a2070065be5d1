package dev.holdfast.standalone.http;

import dev.holdfast.standalone.kind.ResourceRegistry;
import dev.holdfast.standalone.read.ResourceReader;
import dev.holdfast.standalone.resource.ResourceWriter;
import dev.holdfast.standalone.security.CertificateAuthority;
import dev.holdfast.standalone.security.Rights;
import java.io.IOException;
import java.net.InetAddress;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.Executors;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.SecureRequestCustomizer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.eclipse.jetty.websocket.server.ServerWebSocketContainer;

/** The server: TLS with client certificates, HTTP/1.1, one virtual thread per request. */
public final class ApiServer implements AutoCloseable {
  private static final int MAX_PLATFORM_THREADS = 16; // for selecting only
  private static final int BACKLOG = 1024;
  private static final int MAX_HEADER_BYTES = 16 << 10;
  private static final int MAX_SESSIONS = 500; // of TLS, to resume; the JDK would keep 20,480

  private final Server server;
  private final ServerConnector connector;
  private final Connections connections;

  private ApiServer(Server server, ServerConnector connector, Connections connections) {
    this.server = server;
    this.connector = connector;
    this.connections = connections;
  }

  /**
   * Listens, but answers only after {@link #serve}.
   *
   * @param port 0 for any that is free
   * @throws IOException when the port is taken
   */
  public static ApiServer listen(CertificateAuthority authority, InetAddress address, int port)
      throws IOException, GeneralSecurityException {
    QueuedThreadPool threads = new QueuedThreadPool(MAX_PLATFORM_THREADS, 2);
    threads.setName("http");
    threads.setDaemon(true);
    threads.setVirtualThreadsExecutor(
        Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("request-", 0).factory()));
    Server server = new Server(threads);
    HttpConfiguration http = new HttpConfiguration();
    http.setSendServerVersion(false);
    http.setRequestHeaderSize(MAX_HEADER_BYTES);
    http.addCustomizer(new SecureRequestCustomizer(false)); // clients connect to addresses
    ServerConnector connector =
        new ServerConnector(
            server,
            1,
            1,
            new SslConnectionFactory(tls(authority, address), "http/1.1"),
            new HttpConnectionFactory(http));
    connector.setHost(address.getHostAddress());
    connector.setPort(port);
    connector.setAcceptQueueSize(BACKLOG);
    connector.setIdleTimeout(Connections.STEP.toMillis());
    Connections connections = new Connections();
    connector.addBean(connections);
    connector.open();
    server.addConnector(connector);
    return new ApiServer(server, connector, connections);
  }

  private static SslContextFactory.Server tls(CertificateAuthority authority, InetAddress address)
      throws IOException, GeneralSecurityException {
    SslContextFactory.Server tls = new SslContextFactory.Server();
    tls.setKeyStore(authority.server(address));
    tls.setKeyStorePassword(authority.password());
    tls.setTrustStore(authority.trusted());
    tls.setWantClientAuth(true); // health may be asked without a certificate
    tls.setIncludeProtocols("TLSv1.3", "TLSv1.2");
    tls.setSniRequired(false);
    tls.setRenegotiationAllowed(false);
    tls.setSslSessionCacheSize(MAX_SESSIONS);
    return tls;
  }

  public int port() {
    return connector.getLocalPort();
  }

  /** Begins to answer. */
  public void serve(
      ResourceRegistry registry,
      ResourceReader reader,
      ResourceWriter writer,
      Rights rights,
      Clock clock)
      throws IOException {
    ServerWebSocketContainer sockets = ServerWebSocketContainer.ensure(server);
    sockets.setIdleTimeout(Duration.ZERO); // a watch is idle when nothing happens
    server.setHandler(
        new ApiHandler(registry, reader, writer, rights, sockets, connections, port(), clock));
    try {
      server.start();
      connections.watchOver(connector.getScheduler());
    } catch (Exception e) { // Jetty declares no more than that
      throw new IOException("the server can't be started: " + e.getMessage(), e);
    }
  }

  @Override
  public void close() throws IOException {
    try {
      server.stop();
      connector.close(); // a server that never began to answer keeps its port otherwise
    } catch (Exception e) { // Jetty declares no more than that
      throw new IOException("the server can't be stopped: " + e.getMessage(), e);
    }
  }
}
