package dev.holdfast.node.plan;

import java.util.List;
import java.util.Set;

/**
 * Everything that is to be done on a host.
 *
 * @param tasks one for each subject; those of different subjects are independent
 * @param orphans UUIDs of machines that run although nobody wants them; reported, never killed
 */
public record Plan(List<Task> tasks, Set<String> orphans) {
  public Plan {
    tasks = List.copyOf(tasks);
    orphans = Set.copyOf(orphans);
  }

  /** Whether the host is as it should be, as far as actions can make it so. */
  public boolean isEmpty() {
    return tasks.stream().allMatch(task -> task.actions().isEmpty());
  }
}
