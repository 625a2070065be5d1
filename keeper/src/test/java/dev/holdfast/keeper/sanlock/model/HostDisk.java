package dev.holdfast.keeper.sanlock.model;

import dev.holdfast.keeper.sanlock.disk.LeaseDisk;
import dev.holdfast.keeper.sanlock.disk.StorageTimeoutException;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/** Shared storage as one life of a host reaches it. */
final class HostDisk implements LeaseDisk {
  private final World world;
  private final SharedStorage storage;
  private final Host host;
  private final Life life;
  private final Faults faults;
  private final boolean ordered;

  /** When the last write to each sector takes effect. */
  private final Map<Long, Long> lastWrites = new HashMap<>();

  private long outageUntil;

  HostDisk(
      World world, SharedStorage storage, Host host, Life life, Faults faults, boolean ordered) {
    this.ordered = ordered;
    this.world = world;
    this.storage = storage;
    this.host = host;
    this.life = life;
    this.faults = faults;
  }

  @Override
  public byte[] read(long offset, int length, Duration timeout) throws IOException {
    long begin = world.now();
    misfortune(begin);
    if (isTimeout()) {
      life.waitUntil(begin + micros(timeout));
      throw new StorageTimeoutException("a read took too long");
    }
    long latency = latency(timeout);
    life.waitUntil(begin + latency);
    if (world.chance(faults.error())) {
      throw new IOException("a read failed");
    }
    return storage.read(offset, length, () -> world.between(begin, begin + latency + 1));
  }

  @Override
  public void write(long offset, byte[] sector, Duration timeout) throws IOException {
    if (sector.length != SharedStorage.SECTOR) {
      throw new IllegalArgumentException("not one sector");
    }
    long begin = world.now();
    misfortune(begin);
    long latency = latency(timeout);
    boolean late = isTimeout();
    boolean fails = world.chance(faults.error());
    long effect = begin + world.between(0, late ? Faults.LATEST : latency + 1);
    long before = lastWrites.getOrDefault(offset, 0L);
    if (ordered) {
      effect = Math.max(effect, before);
    }
    lastWrites.put(offset, Math.max(effect, before));
    late |= effect > begin + micros(timeout);
    boolean lost = (late || fails) && world.chance(0.3);
    if (!lost) {
      byte[] bytes = sector.clone();
      Host.Tenure tenure = host.tenure();
      world.at(
          effect,
          () -> {
            if (tenure != null && tenure.isUp()) {
              return;
            }
            storage.write(world.now(), offset, bytes);
            world.note(
                () ->
                    "%s, life %d, asked at %d ms: %s"
                        .formatted(
                            host,
                            life.number(),
                            begin / World.MILLISECOND,
                            SharedStorage.describe(offset, bytes)));
          });
    }
    if (late) {
      life.waitUntil(begin + micros(timeout));
      throw new StorageTimeoutException("a write took too long");
    }
    life.waitUntil(Math.max(effect, begin + latency));
    if (fails) {
      throw new IOException("a write failed");
    }
  }

  /** When the last write that was asked for takes effect; in the past if all have. */
  long lastEffect() {
    return lastWrites.values().stream().mapToLong(Long::longValue).max().orElse(0);
  }

  /** What begins during this operation. */
  private void misfortune(long begin) {
    if (faults.crash() > 0 && world.chance(faults.crash())) {
      world.at(begin + world.between(0, faults.longestLatency()), () -> host.crash(life));
    }
    if (faults.freeze() > 0 && world.chance(faults.freeze())) {
      world.at(begin + world.between(0, faults.longestLatency()), () -> host.freeze(life));
    }
    if (faults.outage() > 0 && world.chance(faults.outage())) {
      outageUntil = begin + world.between(World.SECOND, 25 * World.SECOND);
    }
  }

  private boolean isTimeout() {
    return world.now() < outageUntil || world.chance(faults.timeout());
  }

  private long latency(Duration timeout) {
    return world.chance(faults.slow())
        ? world.between(0, Math.min(micros(timeout), World.SECOND))
        : world.between(1, faults.longestLatency());
  }

  private static long micros(Duration duration) {
    return duration.toNanos() / 1_000;
  }
}
