package dev.holdfast.standalone.apply;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.JsonValues;
import dev.holdfast.standalone.rig.KubeRig;
import dev.holdfast.standalone.rig.KubeRig.Answer;
import io.fabric8.zjsonpatch.JsonDiff;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The same random writes to a real API server and to our own: same status codes, objects, owners
 * and conflicts. With -Dapply.steps and -Dapply.seed more or others; with -Dapply.record=FILE they
 * are written down for {@link RecordedApplyTest}.
 */
class ApplyAgainstKubernetesTest {
  private static final Logger LOG = LoggerFactory.getLogger(ApplyAgainstKubernetesTest.class);
  private static final int WRITES_PER_OBJECT = 50;
  private static final int WRITES_PER_KIND = 500;
  private static final int RECORDED_PER_OBJECT = 8;
  private static final int WORKERS = 2;
  private static final int SHOWN = 3;

  @TempDir Path directory = Path.of("");

  private final long seed = Long.getLong("apply.seed", 1);
  private final List<String> differences = Collections.synchronizedList(new ArrayList<>());
  private final List<String> recorded = Collections.synchronizedList(new ArrayList<>());
  private final AtomicInteger done = new AtomicInteger();
  private final AtomicInteger refused = new AtomicInteger();

  @Test
  void randomWritesGiveTheSameObjectsOwnersAndConflicts() throws Exception {
    compare(Integer.getInteger("apply.steps", 1_500));
  }

  @Test
  @Tag("heavy")
  void twentyThousandRandomWritesGiveTheSameObjectsOwnersAndConflicts() throws Exception {
    compare(20_000);
  }

  private void compare(int steps) throws Exception {
    Optional<Path> folder = KubeRig.folder();
    assumeTrue(folder.isPresent(), "no kube-rig (property kube.rig) to compare with");
    int kinds = steps / WRITES_PER_KIND + 1; // one more, as some writes are not answered
    try (KubeRig rig =
            KubeRig.start(folder.get(), Files.createDirectory(directory.resolve("rig")));
        ExecutorService executor = Executors.newFixedThreadPool(WORKERS)) {
      List<Future<?>> workers = new ArrayList<>();
      for (int worker = 0; worker < WORKERS; worker++) {
        int first = worker;
        workers.add(
            executor.submit(
                () -> {
                  work(rig, first, kinds);
                  return null;
                }));
      }
      for (Future<?> worker : workers) {
        worker.get();
      }
    }
    String record = System.getProperty("apply.record", "");
    if (!record.isEmpty()) {
      try (Writer writer =
          new OutputStreamWriter(
              new GZIPOutputStream(Files.newOutputStream(Path.of(record))), UTF_8)) {
        writer.write(String.join("\n", recorded));
      }
    }
    LOG.info(
        "{} writes to {} kinds (seed {}), {} of them refused, {} differences",
        done.get(),
        kinds,
        seed,
        refused.get(),
        differences.size());
    Files.write(Path.of("target/apply-differences-" + steps + ".txt"), differences);
    assertThat(differences.stream().limit(SHOWN)).isEmpty();
    assertThat(done.get()).isGreaterThanOrEqualTo(steps);
    assertThat(refused.get()).isBetween(steps / 20, steps / 2);
  }

  private void work(KubeRig rig, int first, int kinds) throws IOException {
    try (ClockedPlane plane = new ClockedPlane(directory.resolve("plane-" + first))) {
      for (int number = first; number < kinds; number += WORKERS) {
        RandomKind kind = new RandomKind(random(number, 0));
        String plural = "kind" + number + "s";
        ObjectNode definition = kind.definition(plural);
        recorded.add(RecordedApplyTest.line(definition));
        rig.install(definition, ServedObject.collection("v1", plural));
        plane.install(definition);
        for (int object = 1; object <= WRITES_PER_KIND / WRITES_PER_OBJECT; object++) {
          String name = "object-" + object;
          RandomWrites writes = new RandomWrites(random(number, object), kind, plural, name);
          new Trial(
                  new ServedObject(rig.client(), plural, name),
                  new ServedObject(plane.client(), plural, name),
                  plane)
              .run(writes, plural, name);
        }
      }
    }
  }

  private RandomGenerator random(int kind, int object) {
    return RandomGeneratorFactory.of("L64X128MixRandom")
        .create(seed * 1_000_000_007 + kind * 1_000L + object);
  }

  /** All writes to one object, up to the first difference. */
  private final class Trial {
    private final ServedObject theirs;
    private final ServedObject ours;
    private final ClockedPlane plane;

    Trial(ServedObject theirs, ServedObject ours, ClockedPlane plane) {
      this.theirs = theirs;
      this.ours = ours;
      this.plane = plane;
    }

    /** Null where the real server breaks the connection, as it does after a fault of its own. */
    private @Nullable Answer sendTo(Write write) {
      try {
        return theirs.send(write);
      } catch (IllegalStateException e) {
        LOG.debug("The real server does not answer {}", write, e);
        return null;
      }
    }

    void run(RandomWrites writes, String plural, String name) {
      for (int step = 0; step < WRITES_PER_OBJECT; step++) {
        ObjectNode live = theirs.live();
        Write write = writes.next(live);
        Answer answer = sendTo(write);
        if (answer == null) {
          continue;
        }
        plane.standAt(answer.body());
        if (step < RECORDED_PER_OBJECT) {
          recorded.add(RecordedApplyTest.line(plural, name, write, answer));
        }
        ObjectNode wanted = ServedObject.comparable(answer);
        ObjectNode got = ServedObject.comparable(ours.send(write));
        done.incrementAndGet();
        refused.addAndGet(answer.status() >= 400 ? 1 : 0);
        if (!JsonValues.equal(wanted, got)) {
          differences.add(
              "%s %s step %d: %s%nbefore %s%nwanted %s%ngot    %s%nto be right it needs %s%n%s"
                  .formatted(
                      plural,
                      name,
                      step,
                      write,
                      live,
                      wanted,
                      got,
                      JsonDiff.asJson(got, wanted),
                      answer.body().path("message")));
          return;
        }
      }
    }
  }
}
