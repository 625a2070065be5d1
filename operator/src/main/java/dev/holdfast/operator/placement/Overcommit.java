package dev.holdfast.operator.placement;

/**
 * How much more than a node has is given to machines.
 *
 * @param cpu virtual CPUs per logical CPU, at least 0.1
 * @param memory guest memory per memory of the host, at least 0.1
 * @param reservedMemoryBytes memory of every host that is left to the host itself
 */
public record Overcommit(double cpu, double memory, long reservedMemoryBytes) {
  public Overcommit {
    if (!(cpu >= 0.1) || !(memory >= 0.1) || reservedMemoryBytes < 0) {
      throw new IllegalArgumentException(
          "overcommit ratios must be at least 0.1 and reserved memory not negative: cpu "
              + cpu
              + ", memory "
              + memory
              + ", reserved "
              + reservedMemoryBytes);
    }
  }

  long cpusOf(int cpus) {
    return (long) (cpus * cpu);
  }

  long memoryOf(long bytes) {
    return Math.max(0, (long) ((bytes - reservedMemoryBytes) * memory));
  }
}
