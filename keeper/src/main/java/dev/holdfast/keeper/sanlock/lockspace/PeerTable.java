package dev.holdfast.keeper.sanlock.lockspace;

import dev.holdfast.keeper.sanlock.format.HostStamp;
import dev.holdfast.keeper.sanlock.format.LeaderRecord;
import dev.holdfast.keeper.sanlock.format.LeaseFormatException;
import java.time.Duration;
import java.util.ArrayList;
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

  PeerTable(Duration watchdogFire) {
    this.watchdogFire = watchdogFire;
  }

  /**
   * What was seen of a host.
   *
   * @param record the last that could be read
   * @param moved whether it has changed since it was first seen
   * @param longest I/O timeout that any owner of the host id was seen with, seconds
   * @param lifeSince when the read ended that showed this life of the host id first
   * @param lastChange when the read ended that showed it first: it may have been written until then
   * @param lastLook when the read began that showed it last: it may have changed since
   */
  private record Seen(
      LeaderRecord record,
      boolean moved,
      int longest,
      Duration lifeSince,
      Duration lastChange,
      Duration lastLook) {
    static Seen first(LeaderRecord record, Duration began, Duration ended) {
      return new Seen(record, false, record.ioTimeoutSeconds(), ended, ended, began);
    }

    Seen then(LeaderRecord now, Duration began, Duration ended) {
      HostStamp before = record.owner();
      boolean same = now.owner().isSameLife(before);
      int longer = Math.max(longest, now.ioTimeoutSeconds());
      return now.owner().equals(before)
          ? new Seen(now, moved, longer, lifeSince, lastChange, began)
          : new Seen(now, true, longer, same ? lifeSince : ended, ended, began);
    }

    Seen unreadable(Duration began, Duration ended) {
      return new Seen(record, true, longest, ended, ended, began);
    }
  }

  /**
   * Notes what a read has shown.
   *
   * @param record that of the host, or null where it was damaged, which is taken for a change: who
   *     cannot be read may be alive
   */
  synchronized void saw(
      int hostId, @Nullable LeaderRecord record, Duration readBegan, Duration readEnded) {
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

  private Peer peer(int hostId, Seen seen) {
    LeaseTimes times = timesOf(seen.record, watchdogFire);
    LeaseTimes others = timesOf(seen.longest, watchdogFire);
    Duration silent = seen.lastChange.plus(others.dead());
    Duration replaced = seen.lifeSince.plus(others.othersDead());
    return new Peer(
        hostId,
        seen.record.name(),
        seen.record.owner().generation(),
        seen.record.isSettled(),
        state(seen, times),
        seen.lastChange,
        seen.lastChange.plus(times.dead()),
        silent.compareTo(replaced) < 0 ? silent : replaced);
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
