package dev.holdfast.operator.lease;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.crds.node.HypervisorNodeStatus.Peer;
import dev.holdfast.crds.node.HypervisorNodeStatus.PeerState;
import dev.holdfast.crds.storage.StoragePoolSpec.Backend;
import dev.holdfast.crds.storage.StoragePoolSpec.Takeover;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class FailoverTest {
  private static final int HOST_ID = 3;
  private static final long GENERATION = 5;
  private static final Instant DEAD_AT = Instant.parse("2026-01-02T03:06:25Z");

  private enum Kind {
    TAKE_OVER,
    HELD,
    STAY
  }

  static Stream<Arguments> byTheStorage() {
    return Stream.of(
        // What the storage shows, takeover, fencing level; what is done, what the message says.
        Arguments.of(dead(), Takeover.STORAGE_FENCE, 1, Kind.TAKE_OVER, "is dead by the storage"),
        Arguments.of(dead(), Takeover.BEST_EFFORT, 1, Kind.TAKE_OVER, "is dead by the storage"),
        Arguments.of(dead(), Takeover.WATCHDOG, 3, Kind.TAKE_OVER, "is dead by the storage"),
        Arguments.of(dead(), Takeover.WATCHDOG, 2, Kind.HELD, "fencing level 2"),
        Arguments.of(dead(), Takeover.WATCHDOG, null, Kind.HELD, "fencing level unknown"),
        Arguments.of(dead(), Takeover.NONE, 3, Kind.HELD, "leaves it to you"),
        Arguments.of(free(), Takeover.NONE, 1, Kind.TAKE_OVER, "given back its leases"),
        Arguments.of(failing(), Takeover.STORAGE_FENCE, 2, Kind.HELD, "from 2026-01-02T03:06:25Z"),
        Arguments.of(renewed(), Takeover.STORAGE_FENCE, 2, Kind.HELD, "is still renewed"),
        Arguments.of(renewed(), Takeover.BEST_EFFORT, 2, Kind.HELD, "is still renewed"),
        Arguments.of(
            reports(peer(GENERATION - 1, PeerState.DEAD)),
            Takeover.BEST_EFFORT,
            2,
            Kind.HELD,
            "is still renewed"),
        Arguments.of(
            reports(peer(GENERATION + 1, PeerState.DEAD)),
            Takeover.BEST_EFFORT,
            2,
            Kind.TAKE_OVER,
            "is dead"),
        // One has not seen yet that the id was acquired again after it had died.
        Arguments.of(
            reports(peer(GENERATION, PeerState.DEAD), peer(GENERATION + 1, PeerState.FAILING)),
            Takeover.BEST_EFFORT,
            2,
            Kind.HELD,
            "counts as dead from"));
  }

  @ParameterizedTest
  @MethodSource("byTheStorage")
  void theStorageAndThePolicyDecide(
      List<Peer> reports,
      Takeover takeover,
      @Nullable Integer fencingLevel,
      Kind kind,
      String message) {
    Failover failover =
        Failover.decide(
            machine(
                false,
                sanlock(
                    takeover,
                    new LostMachine.Host(
                        HOST_ID, GENERATION, fencingLevel, Math.max(1, reports.size()), reports))));

    assertThat(kind(failover)).isEqualTo(kind);
    assertThat(message(failover)).contains(message).contains("node-1");
    if (kind == Kind.HELD) {
      assertThat(message(failover)).contains("kubectl patch hvnode node-1");
    }
  }

  @Test
  void whenItWillBeTakenOverIsSaidOnlyIfItWillBe() {
    assertThat(earliest(Takeover.STORAGE_FENCE, 2, failing())).isEqualTo(DEAD_AT);
    assertThat(earliest(Takeover.WATCHDOG, 3, failing())).isEqualTo(DEAD_AT);
    assertThat(earliest(Takeover.WATCHDOG, 2, failing())).isNull();
    assertThat(earliest(Takeover.NONE, 3, failing())).isNull();
    assertThat(earliest(Takeover.STORAGE_FENCE, 3, renewed())).isNull();
  }

  @Test
  void withoutAWitnessNothingIsDecided() {
    LostMachine machine =
        machine(
            false,
            sanlock(
                Takeover.BEST_EFFORT, new LostMachine.Host(HOST_ID, GENERATION, 2, 0, List.of())));

    assertThat(message(held(machine))).contains("no other node is live in the lockspace");
  }

  @Test
  void aNodeWithoutAHostIdIsNeverDeadByTheStorage() {
    LostMachine machine =
        machine(
            false, sanlock(Takeover.BEST_EFFORT, new LostMachine.Host(null, 0, 2, 1, List.of())));

    assertThat(message(held(machine))).contains("has no host id");
  }

  @Test
  void oneOfSeveralReportsThatAnIdIsFreeIsNotEnough() {
    LostMachine machine =
        machine(
            false, sanlock(Takeover.NONE, new LostMachine.Host(HOST_ID, GENERATION, 2, 2, free())));

    assertThat(message(held(machine))).contains("is still renewed");
  }

  @Test
  void aMachineIsTakenOverOnlyWithAllItsDisks() {
    LostMachine.Pool lost = sanlock(Takeover.BEST_EFFORT, host(dead()));
    LostMachine.Pool alive = sanlock(Takeover.BEST_EFFORT, host(renewed()));
    LostMachine.Pool locked = new LostMachine.Pool("locks", true, Backend.OFD, Takeover.NONE, null);

    assertThat(Failover.decide(machine(false, lost, lost))).isInstanceOf(Failover.TakeOver.class);
    assertThat(Failover.decide(machine(false, lost, alive))).isInstanceOf(Failover.Held.class);
    assertThat(message(Failover.decide(machine(false, lost, locked))))
        .contains("do not tell whether the machine still has it");
  }

  @Test
  void theTaintIsEnoughWhereLeasesKeepTheOldMachineOut() {
    LostMachine.Pool alive = sanlock(Takeover.NONE, host(renewed()));
    LostMachine.Pool locked = new LostMachine.Pool("locks", true, Backend.OFD, Takeover.NONE, null);
    LostMachine.Pool open = new LostMachine.Pool("open", true, Backend.NONE, Takeover.NONE, null);

    assertThat(Failover.decide(machine(true, alive, locked))).isInstanceOf(Failover.TakeOver.class);
    assertThat(message(Failover.decide(machine(true, alive, open))))
        .contains("StoragePool open of disk disk-1 has no leases");
    assertThat(Failover.decide(machine(true))).isInstanceOf(Failover.TakeOver.class);
  }

  @Test
  void aMachineWithoutDisksStaysUnlessTheNodeIsSaidToBeOff() {
    assertThat(message(Failover.decide(machine(false)))).contains("kubectl patch hvnode");
    assertThat(kind(Failover.decide(machine(false)))).isEqualTo(Kind.STAY);
  }

  @Test
  void aMachineWithADiskOfItsNodeStaysWhateverIsSaid() {
    LostMachine.Pool lost = sanlock(Takeover.BEST_EFFORT, host(dead()));
    LostMachine.Pool local = new LostMachine.Pool("local", false, Backend.OFD, Takeover.NONE, null);

    for (boolean outOfService : List.of(false, true)) {
      assertThat(message(Failover.decide(machine(outOfService, lost, local))))
          .contains("its disk disk-1 lies there");
      assertThat(Failover.decide(machine(outOfService, lost, null)))
          .as("its pool is gone")
          .isInstanceOf(Failover.Stay.class);
    }
  }

  /** Takes every single thing away that speaks for a takeover: none is ever done without. */
  @Test
  void whatIsNotKnownNeverSpeaksForATakeover() {
    for (long seed = 0; seed < 2000; seed++) {
      Random random = new Random(seed);
      List<Peer> reports = new ArrayList<>();
      for (int i = random.nextInt(3); i > 0; i--) {
        reports.add(peer(GENERATION - 2 + random.nextInt(4), any(random, PeerState.values())));
      }
      Takeover takeover = any(random, Takeover.values());
      LostMachine.Host host =
          new LostMachine.Host(
              random.nextInt(5) == 0 ? null : Integer.valueOf(HOST_ID),
              GENERATION,
              random.nextBoolean() ? null : Integer.valueOf(1 + random.nextInt(3)),
              reports.size() + random.nextInt(2),
              reports);
      LostMachine machine = machine(false, sanlock(takeover, host));

      if (Failover.decide(machine) instanceof Failover.TakeOver) {
        assertThat(host.id()).as("seed %d", seed).isNotNull();
        assertThat(reports)
            .as("seed %d", seed)
            .anyMatch(
                peer ->
                    peer.generation() >= GENERATION
                        && (peer.state() == PeerState.FREE || peer.state() == PeerState.DEAD));
        boolean given = reports.stream().anyMatch(peer -> peer.state() == PeerState.FREE);
        Integer level = host.fencingLevel();
        boolean fenced =
            switch (takeover) {
              case NONE -> false;
              case WATCHDOG -> level != null && level == 3;
              case STORAGE_FENCE, BEST_EFFORT -> true;
            };
        assertThat(given || fenced).as("seed %d", seed).isTrue();
      }
    }
  }

  private static <T> T any(Random random, T[] values) {
    return values[random.nextInt(values.length)];
  }

  private static @Nullable Instant earliest(
      Takeover takeover, int fencingLevel, List<Peer> reports) {
    return held(machine(
            false,
            sanlock(takeover, new LostMachine.Host(HOST_ID, GENERATION, fencingLevel, 1, reports))))
        .earliest();
  }

  private static Failover.Held held(LostMachine machine) {
    return (Failover.Held) Failover.decide(machine);
  }

  private static Kind kind(Failover failover) {
    return switch (failover) {
      case Failover.TakeOver _ -> Kind.TAKE_OVER;
      case Failover.Held _ -> Kind.HELD;
      case Failover.Stay _ -> Kind.STAY;
    };
  }

  private static String message(Failover failover) {
    return switch (failover) {
      case Failover.TakeOver(String why) -> why;
      case Failover.Held held -> held.message();
      case Failover.Stay(String message) -> message;
    };
  }

  private static LostMachine machine(boolean outOfService, LostMachine.@Nullable Pool... pools) {
    List<LostMachine.Image> images = new ArrayList<>();
    for (LostMachine.Pool pool : pools) {
      images.add(new LostMachine.Image("disk-" + images.size(), pool));
    }
    return new LostMachine("node-1", outOfService, images);
  }

  private static LostMachine.Pool sanlock(Takeover takeover, LostMachine.Host host) {
    return new LostMachine.Pool("shared", true, Backend.SANLOCK, takeover, host);
  }

  private static LostMachine.Host host(List<Peer> reports) {
    return new LostMachine.Host(HOST_ID, GENERATION, 2, 1, reports);
  }

  private static List<Peer> dead() {
    return reports(peer(GENERATION, PeerState.DEAD));
  }

  private static List<Peer> free() {
    return reports(peer(GENERATION, PeerState.FREE));
  }

  private static List<Peer> failing() {
    return reports(peer(GENERATION, PeerState.FAILING));
  }

  private static List<Peer> renewed() {
    return List.of();
  }

  private static List<Peer> reports(Peer... peers) {
    return List.of(peers);
  }

  private static Peer peer(long generation, PeerState state) {
    return new Peer(
        HOST_ID, generation, state, state == PeerState.FAILING ? DEAD_AT.toString() : null);
  }
}
