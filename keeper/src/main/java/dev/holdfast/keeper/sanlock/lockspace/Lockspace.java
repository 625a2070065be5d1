package dev.holdfast.keeper.sanlock.lockspace;

import dev.holdfast.keeper.sanlock.disk.LeaseDisk;
import dev.holdfast.keeper.sanlock.disk.StorageTimeoutException;
import dev.holdfast.keeper.sanlock.disk.Ticks;
import dev.holdfast.keeper.sanlock.format.Geometry;
import dev.holdfast.keeper.sanlock.format.HostBitmap;
import dev.holdfast.keeper.sanlock.format.LeaderRecord;
import dev.holdfast.keeper.sanlock.format.LeaseFormatException;
import dev.holdfast.keeper.sanlock.format.LockspaceLayout;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Our host id in one lockspace, and what we know of the other hosts in it.
 *
 * <p>One thread joins, renews and releases; any may ask. Nothing happens between the calls: who
 * holds leases must renew in time, and must end what needs them when {@link LeaseTimes#failed()}
 * has passed since {@link Membership#lastRenewal()}, whether a call of this class is stuck or not.
 */
public final class Lockspace {
  /** How long a host wants to be heard, as a multiple of the I/O timeout. */
  private static final int SIGNAL = 6;

  /**
   * Every so many renewals look at the whole area, the others only as far as host ids were used:
   * with ten hosts that is one hundredth of the bytes.
   */
  private static final int RENEWALS_PER_WHOLE_LOOK = 8;

  private final LeaseDisk disk;
  private final Ticks ticks;
  private final LockspaceSettings settings;
  private final Geometry geometry;
  private final OwnSector own;
  private final Joining joining;
  private final PeerTable peers;
  private final Map<Integer, Duration> signals = new ConcurrentHashMap<>();

  /**
   * What our sector may look like: as written last, or as one of the writes that failed since,
   * which may or may not have been done.
   */
  private final List<byte[]> possible = new ArrayList<>();

  private int renewals;
  private @Nullable LeaderRecord record;
  private HostBitmap bitmap = HostBitmap.NONE;

  /** What {@link #release} has begun to give back. */
  private @Nullable Membership releasing;

  /** Whether a record that gives it back was written, or may still be. */
  private boolean mayBeFree;

  private volatile @Nullable Membership membership;

  public Lockspace(LeaseDisk disk, Ticks ticks, LockspaceSettings settings) {
    this.disk = disk;
    this.ticks = ticks;
    this.settings = settings;
    this.geometry = settings.geometry();
    this.own = new OwnSector(disk, settings);
    this.joining = new Joining(own, ticks, settings);
    this.peers = new PeerTable(settings.times().watchdogFire());
  }

  public LockspaceSettings settings() {
    return settings;
  }

  /**
   * Takes our host id: at once where we gave it back ourselves and nobody had it since; in twice
   * the I/O timeout where nobody ever had it, or we had it and did not give it back. Where another
   * name had it last, or we were never renewed, waits for longer than that host may need to die.
   *
   * @param onWait told before each wait that is longer than what every join takes
   * @throws LeaseFormatException where there is no such lockspace, or another one
   * @throws IOException when storage fails; the host id is not ours then
   */
  public JoinResult join(Consumer<JoinWait> onWait) throws IOException, InterruptedException {
    if (membership != null) {
      throw new IllegalStateException("the host id is ours already");
    }
    return switch (joining.join(onWait)) {
      case Joining.Outcome.Taken(LeaderRecord ours, Duration renewed) ->
          new JoinResult.Joined(own(ours, HostBitmap.NONE, renewed));
      case Joining.Outcome.Busy(LeaderRecord other) -> new JoinResult.Busy(other);
    };
  }

  /**
   * For the thread that renews: what a successor needs to go on; empty while the host id is not
   * ours, or not for sure.
   */
  public Optional<Continuation> continuation() {
    Membership current = membership;
    LeaderRecord ours = record;
    return current == null || ours == null || possible.size() != 1
        ? Optional.empty()
        : Optional.of(new Continuation(current, ours, bitmap));
  }

  /**
   * Goes on where a predecessor of this process has stopped, if our sector is still as it was
   * written then and not too long ago. The predecessor must be gone, and the clock the same.
   *
   * @return whether the host id is ours; if not, join
   */
  public boolean resume(Continuation continuation) throws IOException {
    if (membership != null) {
      throw new IllegalStateException("the host id is ours already");
    }
    byte[] sector = continuation.record().sector(continuation.bitmap());
    Membership before = continuation.membership();
    if (isOver(before) || !Arrays.equals(own.read(), sector)) {
      return false;
    }
    own(continuation.record(), continuation.bitmap(), before.lastRenewal());
    return true;
  }

  private Membership own(LeaderRecord ours, HostBitmap itsBitmap, Duration renewed) {
    record = ours;
    bitmap = itsBitmap;
    mayBeFree = false;
    possible.clear();
    possible.add(ours.sector(itsBitmap));
    Membership next = new Membership(settings.hostId(), ours.owner().generation(), renewed);
    membership = next;
    return next;
  }

  /**
   * Renews our host id and looks at all others. Due {@link LeaseTimes#renewal()} after the last
   * that succeeded, and half a second after one that failed.
   *
   * @throws IOException when storage fails and another attempt may help
   * @throws IllegalStateException when the host id is not ours
   */
  public RenewalResult renew() throws IOException {
    Membership current = membership;
    LeaderRecord ours = record;
    if (current == null || ours == null) {
      throw new IllegalStateException("the host id is not ours");
    }
    if (isOver(current)) {
      return lose("it was not renewed within " + settings.times().failed());
    }
    Duration began = ticks.now();
    int hosts = hostsToLookAt();
    byte[] area =
        disk.read(settings.offset(), hosts * geometry.sectorSize(), settings.times().ioTimeout());
    renewals++;
    boolean requested = look(area, hosts, began, ticks.now());
    int start = LockspaceLayout.hostOffset(geometry, settings.hostId());
    byte[] sector = Arrays.copyOfRange(area, start, start + geometry.sectorSize());
    if (possible.stream().noneMatch(each -> Arrays.equals(each, sector))) {
      return lose("our record was changed by another: " + describe(sector));
    }
    Duration now = ticks.now();
    if (isOver(current)) {
      return lose("it was not renewed within " + settings.times().failed());
    }
    LeaderRecord next = ours.renewed(OwnSector.timestamp(now, ours.owner()), true);
    HostBitmap nextBitmap = bitmap(now);
    byte[] nextSector = next.sector(nextBitmap);
    possible.add(nextSector);
    try {
      // Never given up while it could still be done: nothing may come after it meanwhile.
      own.write(nextSector, settings.times().dead());
    } catch (StorageTimeoutException timeout) {
      joining.doubtOurName();
      return lose(String.valueOf(timeout.getMessage()));
    }
    if (isLate(current)) {
      joining.doubtOurName();
      return lose("its renewal took until others could take it for dead");
    }
    return new RenewalResult.Renewed(own(next, nextBitmap, now), requested);
  }

  private int hostsToLookAt() {
    int used = Math.max(settings.hostId(), peers.highestUsed());
    // Room for the next ones to come.
    int some = Integer.highestOneBit(used) << 1;
    boolean whole = renewals % RENEWALS_PER_WHOLE_LOOK == 0;
    return whole ? geometry.mostHosts() : Math.min(geometry.mostHosts(), some);
  }

  private RenewalResult lose(String reason) {
    membership = null;
    record = null;
    return new RenewalResult.Lost(
        "host id %d of lockspace %s is lost: %s"
            .formatted(settings.hostId(), settings.name(), reason));
  }

  private static String describe(byte[] sector) {
    try {
      LeaderRecord found = LeaderRecord.decode(sector, 0);
      return "host '%s', generation %d, timestamp %d"
          .formatted(found.name(), found.owner().generation(), found.owner().timestamp());
    } catch (LeaseFormatException damaged) {
      return String.valueOf(damaged.getMessage());
    }
  }

  /**
   * Gives our host id back, so that whoever uses it next need not wait. Nothing may hold a lease
   * any more. When it fails it may be called again; the host id is not ours in any case. What was
   * lost before is left as it is.
   */
  public void release() throws IOException {
    LeaderRecord ours = record;
    Membership current = membership;
    Membership last = current == null ? releasing : current;
    membership = null;
    releasing = last;
    if (ours == null || last == null || isOver(last)) {
      record = null;
      return;
    }
    byte[] sector = own.read();
    if (possible.stream().anyMatch(each -> Arrays.equals(each, sector))) {
      // An attempt that failed may yet be done when the host id is another's already: after it
      // comes a record that lets nobody return without a wait.
      byte[] free = ours.released(!mayBeFree).sector(HostBitmap.NONE);
      mayBeFree = true;
      possible.add(free);
      own.write(free, settings.times().ioTimeout());
      if (isLate(last)) {
        joining.doubtOurName();
      }
    }
    record = null;
  }

  /** Our host id, if it is ours; it may be late. */
  public Optional<Membership> membership() {
    return Optional.ofNullable(membership);
  }

  /** Whether our host id is ours, in that life, and was renewed in time. */
  public boolean isLive(long generation) {
    Membership current = membership;
    return current != null && current.generation() == generation && !isOver(current);
  }

  private boolean isOver(Membership current) {
    return age(current).compareTo(settings.times().failed()) >= 0;
  }

  /** Whether others could take us for dead. */
  private boolean isLate(Membership current) {
    return age(current).compareTo(settings.times().dead()) >= 0;
  }

  private Duration age(Membership current) {
    return ticks.now().minus(current.lastRenewal());
  }

  /** All hosts that ever used a host id, as the last renewal has found them. */
  public List<Peer> peers() {
    return peers.all();
  }

  /**
   * Reads one host's record now.
   *
   * @throws LeaseFormatException where it is damaged and never was not
   */
  public Peer look(int hostId) throws IOException {
    long offset = settings.offset() + LockspaceLayout.hostOffset(geometry, hostId);
    Duration began = ticks.now();
    byte[] sector = disk.read(offset, geometry.sectorSize(), settings.times().ioTimeout());
    look(hostId, sector, 0, began, ticks.now());
    return peers.one(hostId);
  }

  /** Whether a life of a host id is surely over; {@link #look} at it before. */
  public boolean isLifeOver(int hostId, long generation) {
    return peers.isLifeOver(hostId, generation, ticks.now());
  }

  /** Whether anybody wants to be heard by us. */
  private boolean look(byte[] area, int hosts, Duration began, Duration ended) {
    boolean requested = false;
    for (int hostId = 1; hostId <= hosts; hostId++) {
      int offset = LockspaceLayout.hostOffset(geometry, hostId);
      if (!LeaderRecord.isUnused(area, offset)) {
        look(hostId, area, offset, began, ended);
        requested |= HostBitmap.names(area, offset, settings.hostId());
      }
    }
    return requested;
  }

  private void look(int hostId, byte[] bytes, int offset, Duration began, Duration ended) {
    @Nullable LeaderRecord found;
    try {
      found = settings.verified(LeaderRecord.decode(bytes, offset));
    } catch (LeaseFormatException damaged) {
      found = null;
    }
    peers.saw(hostId, found, began, ended);
  }

  /** Makes another host look, at its next renewal, at the requests for what it holds. */
  public void signal(int hostId) {
    Duration until = ticks.now().plus(settings.times().ioTimeout().multipliedBy(SIGNAL));
    signals.put(hostId, until);
  }

  private HostBitmap bitmap(Duration now) {
    signals.values().removeIf(until -> until.compareTo(now) < 0);
    return HostBitmap.of(signals.keySet());
  }
}
