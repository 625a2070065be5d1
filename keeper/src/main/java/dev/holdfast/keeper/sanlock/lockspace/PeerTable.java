package dev.holdfast.keeper.sanlock.lockspace;

import dev.holdfast.keeper.sanlock.format.HostStamp;
import dev.holdfast.keeper.sanlock.format.LeaderRecord;
import dev.holdfast.keeper.sanlock.format.LeaseFormatException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * When each host's record was last seen to change. Timestamps of other hosts are only compared with
 * each other; all times are of our own clock.
 */
final class PeerTable {
  private final Duration watchdogFire;
  private final NavigableMap<Integer, Seen> hosts = new TreeMap<>();

  /** Lives that somebody has asked for while another was seen, since when. */
  private final Map<Life, Duration> doubts = new HashMap<>();

  PeerTable(Duration watchdogFire) {
    this.watchdogFire = watchdogFire;
  }

  /**
   * What was seen of a host.
   *
   * @param record the last that could be read
   * @param moved whether it has changed since it was first seen
   * @param longest I/O timeout that any owner of the host id was seen with, seconds
   * @param lastChange when the read ended that showed it first: it may have been written until then
   * @param lastLook when the read began that showed it last: it may have changed since
   */
  private record Seen(
      LeaderRecord record, boolean moved, int longest, Duration lastChange, Duration lastLook) {
    static Seen first(LeaderRecord record, Duration began, Duration ended) {
      return new Seen(record, false, record.ioTimeoutSeconds(), ended, began);
    }

    Seen then(LeaderRecord now, Duration began, Duration ended) {
      int longer = Math.max(longest, now.ioTimeoutSeconds());
      return now.owner().equals(record.owner())
          ? new Seen(now, moved, longer, lastChange, began)
          : new Seen(now, true, longer, ended, began);
    }

    Seen unreadable(Duration began, Duration ended) {
      return new Seen(record, true, longest, ended, began);
    }
  }

  /** A host id in one of its lives. */
  private record Life(int hostId, long generation) {}

  /**
   * Notes what a read has shown.
   *
   * @param record that of the host, or null where it was damaged, which is taken for a change: who
   *     cannot be read may be alive
   */
  synchronized void saw(
      int hostId, @Nullable LeaderRecord record, Duration readBegan, Duration readEnded) {
    if (record != null) {
      doubts.remove(new Life(hostId, record.owner().generation()));
    }
    Seen before = hosts.get(hostId);
    if (before == null && record != null) {
      hosts.put(hostId, Seen.first(record, readBegan, readEnded));
    } else if (before != null) {
      hosts.put(
          hostId,
          record == null
              ? before.unreadable(readBegan, readEnded)
              : before.then(record, readBegan, readEnded));
    }
  }

  /** The highest host id that was ever used, as far as was seen; 0 for none. */
  synchronized int highestUsed() {
    return hosts.descendingMap().entrySet().stream()
        .filter(entry -> !entry.getValue().record.owner().equals(HostStamp.NONE))
        .mapToInt(Map.Entry::getKey)
        .findFirst()
        .orElse(0);
  }

  /** All hosts that were seen; those whose host id was never used are left out. */
  synchronized List<Peer> all() {
    List<Peer> peers = new ArrayList<>();
    hosts.forEach(
        (hostId, seen) -> {
          if (!seen.record.owner().equals(HostStamp.NONE)) {
            peers.add(peer(hostId, seen));
          }
        });
    return peers;
  }

  /**
   * One host.
   *
   * @throws LeaseFormatException where its record could never be read
   */
  synchronized Peer one(int hostId) throws LeaseFormatException {
    Seen seen = hosts.get(hostId);
    if (seen == null) {
      throw new LeaseFormatException("the record of host id " + hostId + " is damaged");
    }
    return peer(hostId, seen);
  }

  /**
   * Whether a life of a host id is surely over, as the last look at it has shown.
   *
   * <p>A record of an earlier life, or the first one of a later, can come by a late write: it
   * proves nothing soon. But who has the host id finds out when it is to be renewed, and ends as
   * one that cannot renew. That takes its time from now on: the life may have begun just before.
   *
   * @param now after that look
   */
  synchronized boolean isLifeOver(int hostId, long generation, Duration now) {
    Seen seen = hosts.get(hostId);
    if (seen == null) {
      return false;
    }
    long shown = seen.record.owner().generation();
    if (shown == generation) {
      PeerState state = state(seen, timesOf(seen.record, watchdogFire));
      return state == PeerState.FREE || state == PeerState.DEAD;
    }
    LeaseTimes longest = timesOf(seen.longest, watchdogFire);
    Life life = new Life(hostId, generation);
    Duration since = doubts.computeIfAbsent(life, _ -> now);
    boolean over =
        (shown > generation && seen.record.isSettled())
            || seen.lastLook.minus(seen.lastChange).compareTo(longest.dead()) > 0
            || seen.lastLook.minus(since).compareTo(longest.othersDead()) > 0;
    if (over) {
      doubts.remove(life);
    }
    return over;
  }

  private Peer peer(int hostId, Seen seen) {
    LeaseTimes times = timesOf(seen.record, watchdogFire);
    return new Peer(
        hostId,
        seen.record.name(),
        seen.record.owner().generation(),
        state(seen, times),
        seen.lastChange,
        seen.lastChange.plus(times.dead()));
  }

  private static PeerState state(Seen seen, LeaseTimes times) {
    if (seen.record.isFree()) {
      return PeerState.FREE;
    }
    Duration unchanged = seen.lastLook.minus(seen.lastChange);
    if (unchanged.compareTo(times.dead()) > 0) {
      return PeerState.DEAD;
    }
    if (unchanged.compareTo(times.failed()) > 0) {
      return PeerState.FAILING;
    }
    return seen.moved ? PeerState.LIVE : PeerState.UNKNOWN;
  }

  /** What a record's owner keeps to. */
  static LeaseTimes timesOf(LeaderRecord record, Duration watchdogFire) {
    return timesOf(record.ioTimeoutSeconds(), watchdogFire);
  }

  private static LeaseTimes timesOf(int seconds, Duration watchdogFire) {
    return new LeaseTimes(
        Duration.ofSeconds(seconds == 0 ? LeaderRecord.DEFAULT_IO_TIMEOUT_SECONDS : seconds),
        watchdogFire);
  }
}
