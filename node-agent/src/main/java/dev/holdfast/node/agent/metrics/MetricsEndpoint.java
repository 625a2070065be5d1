package dev.holdfast.node.agent.metrics;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** {@code /metrics} in the text format of Prometheus, read afresh for each request. */
public final class MetricsEndpoint implements AutoCloseable {
  private static final String PATH = "/metrics";
  private static final String TEXT = "text/plain; version=0.0.4; charset=utf-8";

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final LeaseMetrics leases;
  private final HttpServer server;

  private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();

  private MetricsEndpoint(HttpServer server, LeaseMetrics leases) {
    this.server = server;
    this.leases = leases;
    leases.bind(registry);
    server.createContext(PATH, this::answer);
    server.setExecutor(executor);
    server.start();
  }

  /**
   * Answers from now on.
   *
   * @throws IOException when the address cannot be used
   */
  public static MetricsEndpoint open(InetSocketAddress address, LeaseMetrics leases)
      throws IOException {
    try {
      return new MetricsEndpoint(HttpServer.create(address, 0), leases);
    } catch (IOException unusable) {
      throw new IOException(
          "metrics cannot be served at " + address + ": " + unusable.getMessage(), unusable);
    }
  }

  /** Where it answers. */
  public String url() {
    InetSocketAddress bound = server.getAddress();
    return "http://%s:%d%s".formatted(bound.getHostString(), bound.getPort(), PATH);
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      if (!exchange.getRequestURI().getPath().equals(PATH)) {
        exchange.sendResponseHeaders(404, -1);
      } else if (!exchange.getRequestMethod().equals("GET")) {
        exchange.getResponseHeaders().set("Allow", "GET");
        exchange.sendResponseHeaders(405, -1);
      } else {
        leases.refresh(registry);
        byte[] text = registry.scrape().getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", TEXT);
        exchange.sendResponseHeaders(200, text.length);
        exchange.getResponseBody().write(text);
      }
    }
  }

  @Override
  public void close() {
    server.stop(0);
    executor.shutdownNow();
    registry.close();
  }
}
