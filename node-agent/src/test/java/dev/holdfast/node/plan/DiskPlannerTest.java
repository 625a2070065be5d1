package dev.holdfast.node.plan;

import static dev.holdfast.node.plan.Scenarios.disk;
import static dev.holdfast.node.plan.Scenarios.imagePath;
import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.RestartPolicy;
import dev.holdfast.crds.storage.DiskFormat;
import dev.holdfast.crds.storage.ReclaimPolicy;
import dev.holdfast.node.plan.HostState.Image;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class DiskPlannerTest {
  private static final Image IMAGE = new Image.Present(DiskFormat.QCOW2, 1L << 30, 0);

  @Test
  void makesAnImageThatIsMissing() {
    Task task = plan(wanted(ReclaimPolicy.RETAIN, false, false), new Image.Absent());
    assertThat(task.actions())
        .containsExactly(new Action.CreateImage(disk(1, ReclaimPolicy.RETAIN)));
  }

  @Test
  void neverReplacesALostImageByAnEmptyOne() {
    Task task = plan(wanted(ReclaimPolicy.RETAIN, false, true), new Image.Absent());
    assertThat(task.actions()).isEmpty();
    assertThat(Objects.requireNonNull(task.blocked()).reason()).isEqualTo("ImageLost");
  }

  @Test
  void takesOverAnImageThatFits() {
    assertThat(plan(wanted(ReclaimPolicy.RETAIN, false, false), IMAGE).actions()).isEmpty();
  }

  @Test
  void refusesAnImageOfAnotherSize() {
    Image other = new Image.Present(DiskFormat.QCOW2, 1L << 20, 0);
    Task task = plan(wanted(ReclaimPolicy.DELETE, false, false), other);
    assertThat(Objects.requireNonNull(task.blocked()).reason()).isEqualTo("ImageConflict");
    assertThat(plan(wanted(ReclaimPolicy.DELETE, true, false), other).actions())
        .as("an image that is not the disk's is not deleted with it")
        .isEmpty();
  }

  @Test
  void deletesOnlyWhatIsToBeDeleted() {
    assertThat(plan(wanted(ReclaimPolicy.DELETE, true, true), IMAGE).actions())
        .containsExactly(new Action.DeleteImage(disk(1, ReclaimPolicy.DELETE)));
    Task kept = plan(wanted(ReclaimPolicy.RETAIN, true, true), IMAGE);
    assertThat(kept.actions()).isEmpty();
    assertThat(kept.released()).isTrue();
  }

  @Test
  void keepsAnImageThatAMachineWants() {
    var machine = Scenarios.machine(1, RestartPolicy.ALWAYS, false, List.of(1), List.of());
    Desired desired =
        new Desired(
            Map.of(machine.uuid(), Scenarios.wanted(machine)),
            Map.of(imagePath(1), wanted(ReclaimPolicy.DELETE, true, true)));
    HostState observed = new HostState(Map.of(), Map.of(imagePath(1), IMAGE), Map.of(), Map.of());
    Task task = new Planner(desired, observed, Instant.EPOCH).disk(imagePath(1));
    assertThat(task.actions()).isEmpty();
    assertThat(Objects.requireNonNull(task.blocked()).message())
        .contains(Scenarios.wanted(machine).name());
  }

  private static Desired.Disk wanted(ReclaimPolicy policy, boolean deleted, boolean made) {
    return new Desired.Disk("default/disk-1", disk(1, policy), deleted, made);
  }

  private static Task plan(Desired.Disk disk, Image image) {
    Desired desired = new Desired(Map.of(), Map.of(imagePath(1), disk));
    HostState observed = new HostState(Map.of(), Map.of(imagePath(1), image), Map.of(), Map.of());
    return new Planner(desired, observed, Instant.EPOCH).disk(imagePath(1));
  }
}
