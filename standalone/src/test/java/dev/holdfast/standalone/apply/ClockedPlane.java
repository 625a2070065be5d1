package dev.holdfast.standalone.apply;

import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.standalone.StandaloneControlPlane;
import dev.holdfast.standalone.StandaloneOptions;
import dev.holdfast.standalone.rig.KubeRig;
import dev.holdfast.standalone.security.Identity;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import org.awaitility.Awaitility;

/**
 * A control plane whose clock stands at the moment in which another server wrote: so both know the
 * same manager as the oldest.
 */
final class ClockedPlane implements AutoCloseable {
  private final StandingClock clock = new StandingClock();
  private final StandaloneControlPlane plane;
  private final KubernetesClient client;

  ClockedPlane(Path directory) throws IOException {
    plane = StandaloneControlPlane.start(StandaloneOptions.in(directory).withSync(false), clock);
    client = KubeRig.client(plane.kubeconfig(new Identity.Admin()));
  }

  KubernetesClient client() {
    return client;
  }

  void install(JsonNode definition) {
    String path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    KubeRig.Answer answer = KubeRig.send(client, "POST", path, "application/json", definition);
    if (answer.status() != 201) {
      throw new IllegalStateException(answer.body().toString());
    }
    String name = definition.path("metadata").path("name").asText();
    String collection =
        ServedObject.collection(
            "v1", definition.path("spec").path("names").path("plural").asText());
    Awaitility.await(name)
        .until(() -> KubeRig.send(client, "GET", collection, "", null).status() == 200);
  }

  /** Moves the clock to the last write that the object tells of. */
  void standAt(JsonNode object) {
    for (JsonNode entry : object.path("metadata").path("managedFields")) {
      if (entry.hasNonNull("time")) {
        Instant time = Instant.parse(entry.path("time").asText());
        if (time.isAfter(clock.now)) {
          clock.now = time;
        }
      }
    }
  }

  @Override
  public void close() throws IOException {
    client.close();
    plane.close();
  }

  private static final class StandingClock extends Clock {
    private volatile Instant now = Instant.now();

    @Override
    public Instant instant() {
      return now;
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      throw new UnsupportedOperationException("this clock is only read as UTC");
    }
  }
}
