package dev.holdfast.keeper.sanlock.lockspace;

import dev.holdfast.keeper.sanlock.disk.Ticks;
import dev.holdfast.keeper.sanlock.format.HostBitmap;
import dev.holdfast.keeper.sanlock.format.HostStamp;
import dev.holdfast.keeper.sanlock.format.LeaderRecord;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.function.Consumer;

/** How a host id is taken. */
final class Joining {
  /** So often a write may be too slow in a row, each time after a wait for a dead host. */
  private static final int MOST_ATTEMPTS = 3;

  private final OwnSector own;
  private final Ticks ticks;
  private final LockspaceSettings settings;

  /**
   * Whether our name on storage means that nobody else believes to have our host id. It does not
   * after a write of which we do not know that it was done at once: that one may have destroyed
   * another host's record, and that host takes its time to find out.
   */
  private boolean nameIsProof = true;

  Joining(OwnSector own, Ticks ticks, LockspaceSettings settings) {
    this.own = own;
    this.ticks = ticks;
    this.settings = settings;
  }

  /** What came of it. */
  sealed interface Outcome {
    /**
     * The host id is ours.
     *
     * @param renewed when it was written last
     */
    record Taken(LeaderRecord ours, Duration renewed) implements Outcome {}

    /** Another host has it. */
    record Busy(LeaderRecord other) implements Outcome {}
  }

  /** A write of ours may have been done when another host could have our host id already. */
  void doubtOurName() {
    nameIsProof = false;
  }

  /** {@link Lockspace#join(Consumer)}. */
  Outcome join(Consumer<JoinWait> onWait) throws IOException, InterruptedException {
    for (int attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      Duration began = ticks.now();
      byte[] sector = own.read();
      LeaderRecord found = own.verified(sector);
      boolean returning = provesThatWeAreAlone(found);
      if (!found.isFree() && !returning) {
        Duration dead = timesOf(found).dead();
        Duration end = began.plus(dead).plus(timesOf(found).settled());
        onWait.accept(new JoinWait(found.name(), false, end));
        ticks.sleep(dead);
        began = ticks.now();
        byte[] again = own.read();
        LeaderRecord now = own.verified(again);
        if (!Arrays.equals(sector, again) && !now.isFree()) {
          return new Outcome.Busy(now);
        }
        found = now;
      }
      Duration written = ticks.now();
      LeaseTimes times = timesOf(found);
      // Whoever gave it back may have taken it again without a wait just before, and has to find
      // out and end before we believe that it is ours.
      boolean mayReturn = found.isFree() && !returning && !found.name().isEmpty();
      LeaderRecord ours = firstOfOurLife(found, mayReturn, written);
      write(ours);
      if (ticks.now().minus(began).compareTo(times.settled()) <= 0) {
        nameIsProof = true;
        // With another timeout others would not have waited for long enough.
        if (returning && found.isFree() && times.equals(settings.times())) {
          return new Outcome.Taken(ours, written);
        }
        Duration wait = times.settled();
        if (mayReturn) {
          wait = wait.plus(times.othersDead());
          onWait.accept(new JoinWait(found.name(), true, ticks.now().plus(wait)));
        }
        return settle(ours, written, wait);
      }
      // Another host may have read the record before our write, have written its own and found it
      // unchanged: it believes, until its next renewal, that the host id is its own.
    }
    throw new IOException(
        "storage of lockspace %s took longer than %s for a read and a write, %d times"
            .formatted(settings.name(), settings.times().settled(), MOST_ATTEMPTS));
  }

  /**
   * Whether a record of an earlier life of ours means that nobody else believes to have our host
   * id. Not if that life had not found out whether it was alone itself: its first write may have
   * come late, over the record of another.
   */
  private boolean provesThatWeAreAlone(LeaderRecord found) {
    return nameIsProof && found.isSettled() && found.name().equals(settings.hostName());
  }

  /**
   * @param mayReturn whether another host may take the next generation meanwhile
   */
  private LeaderRecord firstOfOurLife(LeaderRecord found, boolean mayReturn, Duration now) {
    long generation = found.owner().generation() + (mayReturn ? 2 : 1);
    long timestamp = OwnSector.timestamp(now, HostStamp.NONE);
    return found.usedBy(
        new HostStamp(settings.hostId(), generation, timestamp),
        settings.hostName(),
        (int) settings.times().ioTimeout().toSeconds());
  }

  /** Waits, renews meanwhile as a host must, and looks whether our host id is ours after that. */
  private Outcome settle(LeaderRecord first, Duration written, Duration wait)
      throws IOException, InterruptedException {
    LeaderRecord ours = first;
    Duration renewed = written;
    Duration renewal = settings.times().renewal();
    Duration left = wait;
    while (true) {
      Duration pause = left.compareTo(renewal) < 0 ? left : renewal;
      ticks.sleep(pause);
      left = left.minus(pause);
      byte[] readBack = own.read();
      if (!Arrays.equals(readBack, ours.sector(HostBitmap.NONE))) {
        return new Outcome.Busy(own.verified(readBack));
      }
      if (left.isZero()) {
        return new Outcome.Taken(ours, renewed);
      }
      Duration before = renewed;
      renewed = ticks.now();
      ours = ours.renewed(OwnSector.timestamp(renewed, ours.owner()), false);
      write(ours);
      if (ticks.now().minus(before).compareTo(settings.times().failed()) >= 0) {
        throw new IOException("storage of lockspace " + settings.name() + " is too slow to join");
      }
      nameIsProof = true;
    }
  }

  /** Until it is known that this was done at once, our name is no proof. */
  private void write(LeaderRecord ours) throws IOException {
    nameIsProof = false;
    own.write(ours.sector(HostBitmap.NONE), settings.times().ioTimeout());
  }

  private LeaseTimes timesOf(LeaderRecord found) {
    return PeerTable.timesOf(found, settings.times().watchdogFire());
  }
}
