package dev.holdfast.standalone.torture;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Kills a control plane again and again while several write, and looks at what is left. */
class KillTest {
  private static final int WRITERS = 6;
  private static final int SLOTS = 12;
  private static final String COUNTER = Slot.CONFIG_MAPS + "/counter";

  @TempDir private Path folder;
  private final Map<String, Slot> slots = new HashMap<>();
  private final AtomicLong highest = new AtomicLong();
  private final AtomicInteger counted = new AtomicInteger();
  private final AtomicInteger perhapsCounted = new AtomicInteger();
  private final AtomicInteger acknowledged = new AtomicInteger();
  private final AtomicInteger events = new AtomicInteger();

  @Test
  void acknowledgedWritesSurviveAFewKills() throws Exception {
    torment(1, 3);
  }

  @Test
  @Tag("heavy")
  void acknowledgedWritesSurviveTwoHundredKills() throws Exception {
    torment(2, 200);
  }

  private void torment(long seed, int kills) throws Exception {
    Random random = new Random(seed);
    Path directory = folder.resolve("data");
    java.nio.file.Files.createDirectory(directory);
    int port = ControlPlaneProcess.port(random);
    List<List<Slot>> ofWriters = new ArrayList<>();
    for (int writer = 0; writer < WRITERS; writer++) {
      List<Slot> own = new ArrayList<>();
      for (int i = 0; i < SLOTS; i++) {
        own.add(new Slot(i % 3 == 0 ? Slot.SECRETS : Slot.CONFIG_MAPS, "w" + writer + "-" + i));
      }
      own.forEach(slot -> slots.put(slot.collection + "/" + slot.name, slot));
      ofWriters.add(own);
    }
    int unacknowledged = 0;
    int early = 0;
    for (int life = 0; life <= kills; life++) {
      ControlPlaneProcess plane = ControlPlaneProcess.start(directory, port);
      try {
        if (life > 0 && life < kills && random.nextInt(8) == 0) { // while it starts
          LockSupport.parkNanos(random.nextLong(1_500_000_000L));
          early++;
          continue;
        }
        try (Api api = plane.awaitReady()) {
          unacknowledged += judge(api);
          if (life < kills) {
            write(api, plane, ofWriters, random);
          }
        }
      } finally {
        plane.kill();
      }
    }
    System.out.printf(
        "%d kills, %d of them while it started; %d writes acknowledged by %d writers, %d counted,"
            + " %d found that were not acknowledged; %d events seen; revision %d%n",
        kills,
        early,
        acknowledged.get(),
        WRITERS,
        counted.get(),
        unacknowledged,
        events.get(),
        highest.get());
  }

  /** How many writes are there that were not acknowledged. */
  private int judge(Api api) throws IOException {
    int more = 0;
    Map<String, JsonNode> found = new HashMap<>();
    for (String collection : List.of(Slot.CONFIG_MAPS, Slot.SECRETS)) {
      Api.Answer list = api.get(collection + "?labelSelector=test%3Dkill");
      assertThat(list.revision()).as("the revision").isGreaterThanOrEqualTo(highest.get());
      highest.set(list.revision());
      for (JsonNode item : list.body().path("items")) {
        found.put(collection + "/" + item.path("metadata").path("name").asText(), item);
        assertThat(Api.revisionOf(item)).isLessThanOrEqualTo(list.revision());
      }
    }
    assertThat(slots.keySet()).containsAll(found.keySet());
    for (Map.Entry<String, Slot> slot : slots.entrySet()) {
      if (slot.getValue().judge(found.get(slot.getKey()))) {
        more++;
      }
    }
    Api.Answer counter = api.get(COUNTER);
    int count = counter.status() == 200 ? count(counter.body()) : 0;
    assertThat(count)
        .as("%s", counter.body())
        .isBetween(counted.get(), counted.get() + perhapsCounted.get());
    counted.set(count);
    perhapsCounted.set(0);
    return more;
  }

  private void write(Api api, ControlPlaneProcess plane, List<List<Slot>> ofWriters, Random random)
      throws Exception {
    List<Future<?>> tasks = new ArrayList<>();
    ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    try (threads) {
      for (String collection : List.of(Slot.CONFIG_MAPS, Slot.SECRETS)) {
        long from = highest.get();
        tasks.add(threads.submit(() -> watch(api, collection, from)));
      }
      for (List<Slot> own : ofWriters) {
        Random ofWriter = new Random(random.nextLong());
        tasks.add(threads.submit(() -> write(api, own, ofWriter)));
      }
      LockSupport.parkNanos(random.nextLong(800_000_000L));
      plane.kill();
    }
    for (Future<?> task : tasks) {
      task.get();
    }
  }

  private void write(Api api, List<Slot> own, Random random) {
    try {
      while (true) {
        if (random.nextInt(10) == 0) {
          count(api);
        } else {
          long revision = own.get(random.nextInt(own.size())).write(api, random);
          reach(revision);
        }
        acknowledged.incrementAndGet();
      }
    } catch (IOException e) {
      // killed
    }
  }

  private void reach(long revision) {
    highest.accumulateAndGet(revision, Math::max);
  }

  /** Adds one to what all of them count together. */
  private void count(Api api) throws IOException {
    while (true) {
      Api.Answer now = api.get(COUNTER);
      int next = now.status() == 404 ? 1 : count(now.body()) + 1;
      ObjectNode body;
      if (now.status() == 404) {
        body = Api.object().put("apiVersion", "v1").put("kind", "ConfigMap");
        body.putObject("metadata").put("name", "counter");
      } else {
        body = (ObjectNode) now.body();
      }
      body.putObject("data").put("count", Integer.toString(next));
      perhapsCounted.incrementAndGet();
      Api.Answer answer =
          now.status() == 404
              ? api.send("POST", Slot.CONFIG_MAPS, Api.JSON, body)
              : api.send("PUT", COUNTER, Api.JSON, body);
      perhapsCounted.decrementAndGet();
      if (answer.status() < 300) {
        assertThat(count(answer.body())).isEqualTo(count(body));
        reach(answer.revision());
        counted.incrementAndGet();
        return;
      }
      assertThat(answer.status()).as("%s", answer.body()).isEqualTo(409);
    }
  }

  private static int count(JsonNode counter) {
    return counter.path("data").path("count").asInt();
  }

  private void watch(Api api, String collection, long from) {
    String path = collection + "?labelSelector=test%3Dkill&watch=1&resourceVersion=" + from;
    try (Api.Events watch = collection.equals(Slot.SECRETS) ? api.socket(path) : api.stream(path)) {
      for (JsonNode next = watch.next(); next != null; next = watch.next()) {
        JsonNode object = next.path("object");
        assertThat(next.path("type").asText()).as("%s", next).isNotEqualTo("ERROR");
        Slot slot = slots.get(collection + "/" + object.path("metadata").path("name").asText());
        slot.see(next.path("type").asText(), object);
        reach(Api.revisionOf(object));
        events.incrementAndGet();
      }
    } catch (IOException e) {
      // killed
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
