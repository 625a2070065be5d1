package dev.holdfast.system.cluster;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.http.Interceptor;
import java.io.IOException;

/** An API server that a test has started and ends; empty at the beginning. */
public final class Cluster implements AutoCloseable {
  private final String kubeconfig;
  private final End end;

  /** How to end it. */
  @FunctionalInterface
  interface End {
    void end() throws IOException;
  }

  Cluster(String kubeconfig, End end) {
    this.kubeconfig = kubeconfig;
    this.end = end;
  }

  /** A client that may do everything. */
  public KubernetesClient connect() {
    return connect(new Interceptor() {});
  }

  /** A client that may do everything, whose requests the interceptor sees. */
  public KubernetesClient connect(Interceptor interceptor) {
    return new KubernetesClientBuilder()
        .withConfig(Config.fromKubeconfig(kubeconfig))
        .withHttpClientBuilderConsumer(
            builder -> builder.addOrReplaceInterceptor("test", interceptor))
        .build();
  }

  @Override
  public void close() throws IOException {
    end.end();
  }
}
