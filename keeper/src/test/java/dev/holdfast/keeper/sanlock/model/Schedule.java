package dev.holdfast.keeper.sanlock.model;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** One history of some hosts, which follows from its seed. */
final class Schedule {
  private static final Duration FIRE = Duration.ofSeconds(3);

  private final World world;
  private final Referee referee;
  private final List<Host> hosts = new ArrayList<>();
  private final boolean ambiguous;
  private final long startsWithin;
  private final boolean toTheEnd;

  Schedule(long seed, SharedStorage.Scratch scratch, Sabotage sabotage, boolean traced) {
    world = new World(seed, traced);
    referee = new Referee(world);
    SharedStorage storage = new SharedStorage(scratch);
    Faults faults = Faults.draw(world);
    int count = 2 + world.random().nextInt(3);
    // Somebody has given the same host id to two hosts.
    ambiguous = world.chance(sabotage.ambiguity());
    startsWithin = sabotage.startsWithin();
    toTheEnd = world.chance(0.2);
    for (int number = 1; number <= count; number++) {
      int hostId = ambiguous && number == count ? 1 : number;
      hosts.add(new Host(world, storage, referee, faults, sabotage, hostId, "host" + number, FIRE));
    }
  }

  /** What a schedule has seen. */
  record Outcome(int grants, long steps) {}

  /**
   * Lets it all happen.
   *
   * @throws Referee.Violation if anything was seen that must never be
   */
  Outcome run() {
    for (Host host : hosts) {
      world.at(world.now() + world.between(0, startsWithin), host::boot);
    }
    world.runUntil(world.between(15, 60) * World.SECOND);
    if (toTheEnd) {
      hosts.forEach(Host::heal);
      world.runUntil(world.now() + Faults.LATEST + 12 * World.SECOND);
      hosts.forEach(Host::wishOnceMore);
      world.runUntil(world.now() + 60 * World.SECOND);
      long satisfied = hosts.stream().filter(Host::isSatisfied).count();
      if (satisfied < hosts.size() - (ambiguous ? 1 : 0)) {
        throw new Referee.Violation(
            "%d of %d hosts got the lease when all was well again"
                .formatted(satisfied, hosts.size()));
      }
    }
    return new Outcome(referee.grants(), world.steps());
  }
}
