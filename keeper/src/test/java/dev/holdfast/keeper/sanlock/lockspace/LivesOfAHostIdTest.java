package dev.holdfast.keeper.sanlock.lockspace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.keeper.sanlock.disk.LeaseDisk;
import dev.holdfast.keeper.sanlock.disk.Ticks;
import dev.holdfast.keeper.sanlock.format.Geometry;
import dev.holdfast.keeper.sanlock.format.HostBitmap;
import dev.holdfast.keeper.sanlock.format.LeaderRecord;
import dev.holdfast.keeper.sanlock.format.LockspaceLayout;
import dev.holdfast.keeper.sanlock.format.ResourceLayout;
import dev.holdfast.keeper.sanlock.resource.AcquireResult;
import dev.holdfast.keeper.sanlock.resource.LeaseMode;
import dev.holdfast.keeper.sanlock.resource.ResourceLease;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Who takes a host id, after whom, and how long that takes; with a clock that does not wait. */
class LivesOfAHostIdTest {
  private static final Geometry GEOMETRY = Geometry.DEFAULT;
  private static final LeaseTimes TIMES =
      new LeaseTimes(Duration.ofSeconds(1), Duration.ofSeconds(60));
  private static final Duration SETTLED = Duration.ofSeconds(2);
  private static final Duration DEAD = Duration.ofSeconds(68);

  private final Memory storage = new Memory();
  private final Clock clock = new Clock();
  private final List<JoinWait> waits = new ArrayList<>();

  @Test
  void aHostThatWasRenewedTakesItsOwnIdBackAtOnce() throws Exception {
    Lockspace before = join(1, "host");
    var _ = before.renew();

    assertThat(durationOfJoining(1, "host")).isEqualTo(SETTLED);
  }

  @Test
  void aNameThatWasNeverRenewedMayHaveCoveredAnotherHost() throws Exception {
    var _ = join(1, "host");

    assertThat(durationOfJoining(1, "host")).isEqualTo(DEAD.plus(SETTLED));
  }

  @Test
  void aHostTakesAnIdThatItGaveBackWithoutAnyWait() throws Exception {
    Lockspace before = join(1, "host");
    var _ = before.renew();
    before.release();

    assertThat(durationOfJoining(1, "host")).isZero();
  }

  @Test
  void anIdThatAnotherHostGaveBackIsTakenWhenThatOneWouldHaveEndedIfItHadReturned()
      throws Exception {
    Lockspace before = join(1, "other");
    var _ = before.renew();
    before.release();

    assertThat(durationOfJoining(1, "host")).isEqualTo(TIMES.othersDead().plus(SETTLED));
    assertThat(waits).containsExactly(new JoinWait("other", true, clock.now()));
  }

  @Test
  void anIdThatAnotherHostHadIsTakenWhenThatOneIsDead() throws Exception {
    Lockspace before = join(1, "other");
    var _ = before.renew();

    assertThat(durationOfJoining(1, "host")).isEqualTo(DEAD.plus(SETTLED));
    assertThat(waits).containsExactly(new JoinWait("other", false, clock.now()));
  }

  /** Otherwise the lease would be nobody's for ever. */
  @Test
  void aLifeIsOverWhenAnEarlierOneWasSeenInItsPlaceForLongEnough() throws Exception {
    Lockspace earlier = join(1, "host");
    byte[] late = storage.sector(0);
    earlier.release();
    Lockspace later = join(1, "host");
    AcquireResult held = acquire(later);
    assertThat(held).isInstanceOf(AcquireResult.Acquired.class);
    Lockspace onlooker = join(2, "onlooker");

    storage.write(0, late, Duration.ZERO);
    Duration end = clock.now().plus(TIMES.failed()).plus(DEAD);
    // The earlier life goes on renewing what came back.
    Lockspace returned = continued(earlier.settings(), late);
    while (clock.now().compareTo(end) <= 0) {
      assertThat(acquire(onlooker)).isInstanceOf(AcquireResult.Held.class);
      assertThat(acquire(returned)).isInstanceOf(AcquireResult.HostIdLost.class);
      clock.sleep(TIMES.renewal());
      assertThat(returned.renew()).isInstanceOf(RenewalResult.Renewed.class);
      assertThat(onlooker.renew()).isInstanceOf(RenewalResult.Renewed.class);
    }
    clock.sleep(TIMES.ioTimeout());

    assertThat(acquire(onlooker)).isInstanceOf(AcquireResult.Acquired.class);
  }

  private Lockspace continued(LockspaceSettings settings, byte[] sector) throws IOException {
    Lockspace returned = new Lockspace(storage, clock, settings);
    var record = LeaderRecord.decode(sector, 0);
    var membership = new Membership(1, record.owner().generation(), clock.now());
    assertThat(returned.resume(new Continuation(membership, record, HostBitmap.NONE))).isTrue();
    return returned;
  }

  private AcquireResult acquire(Lockspace in) throws IOException, InterruptedException {
    return new ResourceLease(storage, clock, in, "disk", GEOMETRY.areaBytes(), new Random(1))
        .acquire(LeaseMode.EXCLUSIVE, OptionalLong.empty());
  }

  private Duration durationOfJoining(int hostId, String name) throws Exception {
    Duration began = clock.now();
    var _ = join(hostId, name);
    return clock.now().minus(began);
  }

  private Lockspace join(int hostId, String name) throws IOException, InterruptedException {
    Lockspace lockspace = lockspace(hostId, name);
    assertThat(lockspace.join(waits::add)).isInstanceOf(JoinResult.Joined.class);
    return lockspace;
  }

  private Lockspace lockspace(int hostId, String name) {
    return new Lockspace(
        storage, clock, new LockspaceSettings("test", 0, GEOMETRY, hostId, name, TIMES));
  }

  /** A lockspace, and a resource behind it. */
  private static final class Memory implements LeaseDisk {
    private final byte[] bytes = new byte[2 * GEOMETRY.areaBytes()];

    Memory() {
      put(0, LockspaceLayout.blank(GEOMETRY, "test", 1));
      put(GEOMETRY.areaBytes(), ResourceLayout.blank(GEOMETRY, "test", "disk"));
    }

    private void put(long offset, byte[] what) {
      System.arraycopy(what, 0, bytes, (int) offset, what.length);
    }

    byte[] sector(int offset) {
      return Arrays.copyOfRange(bytes, offset, offset + GEOMETRY.sectorSize());
    }

    @Override
    public byte[] read(long offset, int length, Duration timeout) {
      return Arrays.copyOfRange(bytes, (int) offset, (int) offset + length);
    }

    @Override
    public void write(long offset, byte[] sectors, Duration timeout) {
      put(offset, sectors);
    }
  }

  private static final class Clock implements Ticks {
    private Duration now = Duration.ofSeconds(1000);

    @Override
    public Duration now() {
      return now;
    }

    @Override
    public void sleep(Duration duration) {
      now = now.plus(duration);
    }
  }
}
