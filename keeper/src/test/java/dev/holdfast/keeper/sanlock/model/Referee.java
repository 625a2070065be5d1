package dev.holdfast.keeper.sanlock.model;

import dev.holdfast.keeper.sanlock.resource.LeaseMode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Sees all hosts at once, and what must never be. */
final class Referee {
  private final World world;
  private final List<Belief> beliefs = new ArrayList<>();
  private final Map<Long, Belief> byVersion = new HashMap<>();

  private int grants;

  Referee(World world) {
    this.world = world;
  }

  /** Something was seen that must never be. */
  static final class Violation extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Violation(String message) {
      super(message);
    }
  }

  /** That a host runs something on a lease. It ends by itself when the host is fenced. */
  static final class Belief {
    private final Host host;
    private final Life life;
    private final LeaseMode mode;
    private final long version;
    private final long began;
    private boolean ended;

    private Belief(Host host, Life life, LeaseMode mode, long version, long began) {
      this.began = began;
      this.host = host;
      this.life = life;
      this.mode = mode;
      this.version = version;
    }

    void end() {
      ended = true;
    }

    boolean holds(long now) {
      return !ended && !life.isOver() && now < host.fencedAt();
    }

    @Override
    public String toString() {
      return "%s has version %d %s in its life %d since %d ms"
          .formatted(host, version, mode, life.number(), began / World.MILLISECOND);
    }
  }

  Belief runs(Host host, Life life, LeaseMode mode, long version, @Nullable Long expected) {
    grants++;
    Belief belief = new Belief(host, life, mode, version, world.now());
    beliefs.removeIf(other -> !other.holds(world.now()));
    for (Belief other : beliefs) {
      if (mode == LeaseMode.EXCLUSIVE || other.mode == LeaseMode.EXCLUSIVE) {
        throw new Violation(belief + " while " + other);
      }
    }
    Belief same = byVersion.put(version, belief);
    if (same != null) {
      throw new Violation(belief + ", but that was " + same);
    }
    if (expected != null && version != expected + 1) {
      throw new Violation(belief + " though nobody must have had it after " + expected);
    }
    if (belief.holds(world.now())) {
      beliefs.add(belief);
    }
    return belief;
  }

  int grants() {
    return grants;
  }
}
