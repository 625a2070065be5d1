package dev.holdfast.keeper.sanlock.model;

/**
 * How often what goes wrong. Probabilities are of one operation on storage, except for stalls,
 * which are of every wait.
 *
 * @param longestLatency of an ordinary operation, microseconds
 * @param slow that it takes up to the I/O timeout
 * @param timeout that it takes longer; what was to be written is written later, or never
 * @param error that it fails at once; what was to be written may have been written
 * @param crash that the process is killed meanwhile
 * @param freeze that the whole host stops meanwhile, for a time
 * @param outage that the host loses its storage for a time
 * @param stall that a task gets no further for a time though others do
 */
record Faults(
    long longestLatency,
    double slow,
    double timeout,
    double error,
    double crash,
    double freeze,
    double outage,
    double stall) {
  static final Faults NONE = new Faults(5 * World.MILLISECOND, 0, 0, 0, 0, 0, 0, 0);

  /** The longest that a write may be on its way. */
  static final long LATEST = 30 * World.SECOND;

  /** Some mixture; many schedules have few kinds of faults, so that others come through. */
  static Faults draw(World world) {
    long latency = world.chance(0.3) ? World.SECOND / 4 : 20 * World.MILLISECOND;
    return new Faults(
        latency,
        draw(world, 0.05),
        draw(world, 0.06),
        draw(world, 0.04),
        draw(world, 0.05),
        draw(world, 0.05),
        draw(world, 0.02),
        draw(world, 0.03));
  }

  private static double draw(World world, double most) {
    return world.chance(0.5) ? 0 : world.random().nextDouble(most);
  }

  /** How long a task is held up after a wait. */
  long stall(World world) {
    return stall > 0 && world.chance(stall) ? world.between(0, 3 * World.SECOND) : 0;
  }
}
