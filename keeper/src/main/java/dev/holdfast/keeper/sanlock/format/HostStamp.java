package dev.holdfast.keeper.sanlock.format;

/**
 * A host in one of its lives at one moment.
 *
 * @param hostId 1 to the geometry's largest; 0 where there is none
 * @param generation counts how often the host id was acquired, from 1
 * @param timestamp seconds of that host's own monotonic clock; means nothing to another host except
 *     that it changes. 0 is "no longer": a free lease.
 */
public record HostStamp(long hostId, long generation, long timestamp) {
  public static final HostStamp NONE = new HostStamp(0, 0, 0);

  /** Whether it is of the same life of the same host. */
  public boolean isSameLife(HostStamp other) {
    return hostId == other.hostId && generation == other.generation;
  }

  public HostStamp at(long newTimestamp) {
    return new HostStamp(hostId, generation, newTimestamp);
  }
}
