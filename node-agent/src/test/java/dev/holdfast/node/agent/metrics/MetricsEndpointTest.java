package dev.holdfast.node.agent.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.holdfast.node.host.HostException;
import dev.holdfast.node.host.LeaseHost;
import dev.holdfast.node.host.LeaseHost.Renewals;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import picocli.CommandLine.TypeConversionException;

class MetricsEndpointTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:30Z");
  private static final Renewals POOL =
      new Renewals(
          "pool",
          true,
          40,
          2,
          Duration.ofMillis(12),
          Duration.ofMillis(1500),
          NOW.minusSeconds(7),
          2);

  private @Nullable List<Renewals> renewals = List.of(POOL);
  private volatile @Nullable CountDownLatch hangs;
  private final LeaseHost keeper =
      (LeaseHost)
          Proxy.newProxyInstance(
              LeaseHost.class.getClassLoader(),
              new Class<?>[] {LeaseHost.class},
              (self, method, arguments) -> {
                CountDownLatch latch = hangs;
                if (latch != null) {
                  latch.await();
                }
                if (renewals == null) {
                  throw new HostException("KeeperUnreachable", "gone");
                }
                return renewals;
              });
  private final MetricsEndpoint endpoint = open();

  private MetricsEndpoint open() {
    try {
      return MetricsEndpoint.open(
          new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
          new LeaseMetrics(keeper, () -> NOW));
    } catch (IOException failure) {
      throw new IllegalStateException(failure);
    }
  }

  @AfterEach
  void close() {
    endpoint.close();
  }

  @Test
  void tellsHowEachLockspaceIsRenewed() throws Exception {
    assertThat(get().body())
        .contains("# TYPE holdfast_lockspace_renewals_total counter")
        .contains("holdfast_lockspace_renewals_total{lockspace=\"pool\"} 40.0")
        .contains("holdfast_lockspace_renewal_failures_total{lockspace=\"pool\"} 2.0")
        .contains("holdfast_lockspace_renewal_latency_seconds{lockspace=\"pool\"} 0.012")
        .contains("holdfast_lockspace_renewal_latency_longest_seconds{lockspace=\"pool\"} 1.5")
        .contains("holdfast_lockspace_renewal_age_seconds{lockspace=\"pool\"} 7.0")
        .contains("holdfast_lockspace_live{lockspace=\"pool\"} 1.0")
        .contains("holdfast_lockspace_fencing_level{lockspace=\"pool\"} 2.0")
        .contains("holdfast_keeper_up 1.0");
  }

  @Test
  void aLockspaceThatWasLeftIsToldNoMore() throws Exception {
    assertThat(get().body()).contains("pool");
    renewals = List.of();

    assertThat(get().body()).doesNotContain("pool").contains("holdfast_keeper_up 1.0");
  }

  @Test
  void whileTheKeeperIsGoneWhatItSaidStaysAndIsMarkedAsOld() throws Exception {
    assertThat(get().body()).contains("pool");
    renewals = null;

    assertThat(get().body())
        .contains("holdfast_keeper_up 0.0")
        .contains("holdfast_lockspace_renewal_age_seconds{lockspace=\"pool\"} 7.0");
  }

  @Test
  void whileTheKeeperHangsItIsSaidInTime() throws Exception {
    assertThat(get().body()).contains("holdfast_keeper_up 1.0");
    CountDownLatch again = new CountDownLatch(1);
    hangs = again;

    assertThat(get().body()).contains("holdfast_keeper_up 0.0").contains("pool");

    again.countDown();
    await().untilAsserted(() -> assertThat(get().body()).contains("holdfast_keeper_up 1.0"));
  }

  @Test
  void whoSendsHalfARequestHoldsUpNobody() throws Exception {
    URI url = URI.create(endpoint.url());
    try (Socket half = new Socket(url.getHost(), url.getPort())) {
      half.getOutputStream().write('G');
      half.getOutputStream().flush();

      assertThat(get().statusCode()).isEqualTo(200);
    }
  }

  @Test
  void anAddressThatIsNoneIsRefusedWithAnExample() {
    for (String wrong : List.of("9617", ":9617", "host:", "host:70000", "host:x")) {
      assertThatThrownBy(() -> new MetricsOption.Address().convert(wrong))
          .isInstanceOf(TypeConversionException.class)
          .hasMessageContaining("127.0.0.1:9617");
    }
  }

  private HttpResponse<String> get() throws IOException, InterruptedException {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(
          HttpRequest.newBuilder(URI.create(endpoint.url())).build(),
          HttpResponse.BodyHandlers.ofString());
    }
  }
}
