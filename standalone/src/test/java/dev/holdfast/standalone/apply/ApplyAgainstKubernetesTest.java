package dev.holdfast.standalone.apply;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.rig.KubeRig;
import dev.holdfast.standalone.schema.StructuralSchema;
import io.fabric8.zjsonpatch.JsonDiff;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random writes to a real API server and to our own code. With -Dapply.objects and -Dapply.seed
 * more or others; with -Dapply.record=FILE the cases are written down for {@link
 * RecordedApplyTest}.
 */
class ApplyAgainstKubernetesTest {
  private static final String COLLECTION = "/apis/apply.holdfast.test/v1/namespaces/default/things";
  private static final int STEPS_PER_OBJECT = 25;

  @TempDir Path directory = Path.of("");

  @Test
  void randomWritesGiveTheSameObjectsOwnersAndConflicts() throws Exception {
    Optional<Path> folder = KubeRig.folder();
    assumeTrue(folder.isPresent(), "no kube-rig (property kube.rig) to compare with");
    int objects = Integer.getInteger("apply.objects", 40);
    long seed = Long.getLong("apply.seed", 1);
    List<String> recorded = new ArrayList<>();
    StructuralSchema schema = ApplyCase.schema();
    try (KubeRig rig = KubeRig.start(folder.get(), directory)) {
      rig.install(ApplyCase.definition(), COLLECTION);
      for (int i = 0; i < objects; i++) {
        RandomGenerator random =
            RandomGeneratorFactory.of("L64X128MixRandom").create(seed * 1_000_000 + i);
        RandomThings things = new RandomThings(random, "thing-" + i);
        ObjectNode live = null;
        for (int step = 0; step < STEPS_PER_OBJECT; step++) {
          ApplyCase planned = things.next(live);
          ApplyCase done = execute(rig, planned, "thing-" + i);
          recorded.add(ApplyCase.MAPPER.writeValueAsString(done));
          JsonNode actual = done.actual(schema);
          if (!actual.equals(done.expected())) {
            fail(
                "object %d step %d: to be right it needs%n%s%n%s",
                i, step, JsonDiff.asJson(actual, done.expected()), done);
          }
          if (!done.answer().path("kind").asText().equals("Status")) {
            live = done.answer();
          }
        }
      }
    }
    String record = System.getProperty("apply.record", "");
    if (!record.isEmpty()) {
      Files.write(Path.of(record), recorded);
    }
    assertThat(recorded).hasSize(objects * STEPS_PER_OBJECT);
  }

  private static ApplyCase execute(KubeRig rig, ApplyCase planned, String name) {
    String item = COLLECTION + "/" + name;
    String query = "?fieldManager=" + planned.manager();
    String apply = "application/apply-patch+yaml";
    String merge = "application/merge-patch+json";
    JsonNode body = planned.body();
    KubeRig.Answer answer =
        switch (planned.operation()) {
          case CREATE -> rig.send("POST", COLLECTION + query, "application/json", body);
          case REPLACE -> rig.send("PUT", item + query, "application/json", body);
          case MERGE -> rig.send("PATCH", item + query, merge, body);
          case MERGE_STATUS -> rig.send("PATCH", item + "/status" + query, merge, body);
          case APPLY -> rig.send("PATCH", item + query + "&force=" + planned.force(), apply, body);
          case APPLY_STATUS ->
              rig.send(
                  "PATCH", item + "/status" + query + "&force=" + planned.force(), apply, body);
        };
    assertThat(answer.status()).as("%s%n%s", planned, answer.body()).isIn(200, 201, 409, 422);
    return new ApplyCase(
        planned.operation(),
        planned.manager(),
        planned.force(),
        planned.live(),
        planned.body(),
        (ObjectNode) answer.body());
  }
}
