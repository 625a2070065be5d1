package dev.holdfast.operator.lease;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.crds.storage.StoragePoolSpec.Backend;
import dev.holdfast.crds.storage.StoragePoolSpec.Leases;
import dev.holdfast.crds.storage.StoragePoolSpec.Takeover;
import dev.holdfast.crds.storage.StoragePoolStatus.Host;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HostIdsTest {
  private static final int MOST = 2000;

  @Test
  void nodesGetTheLowestIdsAndKeepThem() {
    List<Host> first = HostIds.allocate(List.of(), exist("b", "a"), MOST);
    assertThat(first).containsExactly(new Host("a", 1), new Host("b", 2));

    assertThat(HostIds.allocate(first, exist("0", "a", "b"), MOST))
        .containsExactly(new Host("a", 1), new Host("b", 2), new Host("0", 3));
  }

  @Test
  void theIdOfADeletedNodeStaysItsOwnUntilTheStorageShowsThatNobodyRenewsIt() {
    List<Host> before = List.of(new Host("a", 1), new Host("b", 2));

    assertThat(HostIds.allocate(before, exist("b", "c"), MOST))
        .containsExactly(new Host("a", 1), new Host("b", 2), new Host("c", 3));
    assertThat(HostIds.allocate(before, exist(Map.of(), Set.of(1), "b", "c"), MOST))
        .containsExactly(new Host("c", 1), new Host("b", 2));
  }

  @Test
  void theIdOfADeadNodeThatExistsIsNotGivenAway() {
    List<Host> before = List.of(new Host("a", 1));

    assertThat(HostIds.allocate(before, exist(Map.of(), Set.of(1), "a", "b"), MOST))
        .containsExactly(new Host("a", 1), new Host("b", 2));
  }

  @Test
  void aNodeThatComesBackUnderItsNameHasItsId() {
    List<Host> before = List.of(new Host("a", 7));

    assertThat(HostIds.allocate(before, exist("a"), MOST)).isEqualTo(before);
  }

  @Test
  void whatANodeSaysItHasIsBelievedWhenNothingIsStored() {
    assertThat(HostIds.allocate(List.of(), exist(Map.of("b", 1), Set.of(), "a", "b"), MOST))
        .containsExactly(new Host("b", 1), new Host("a", 2));
  }

  @Test
  void aNodeForWhichNoneIsLeftHasNone() {
    assertThat(HostIds.allocate(List.of(), exist("a", "b", "c"), 2))
        .containsExactly(new Host("a", 1), new Host("b", 2));
  }

  @ParameterizedTest
  @CsvSource({"512, 1, 2000", "4096, 1, 250", "4096, 2, 500", "4096, 4, 1000", "4096, 8, 2000"})
  void theGeometryLimitsTheIds(int sectorSize, int alignMebibytes, int most) {
    assertThat(
            HostIds.most(
                new Leases(Backend.SANLOCK, 10, Takeover.NONE, sectorSize, alignMebibytes, null)))
        .isEqualTo(most);
  }

  @Test
  void noIdIsEverGivenToTwoOrTakenFromANodeThatExists() {
    for (long seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      int most = 3 + random.nextInt(5);
      List<Host> hosts = List.of();
      Set<String> existing = new TreeSet<>();
      for (int step = 0; step < 40; step++) {
        String node = "n" + random.nextInt(8);
        if (!existing.remove(node)) {
          existing.add(node);
        }
        Set<Integer> unrenewed = new HashSet<>();
        for (int id = 1; id <= most; id++) {
          if (random.nextInt(3) == 0) {
            unrenewed.add(id);
          }
        }
        List<Host> before = hosts;
        hosts =
            HostIds.allocate(
                before, new HostIds.Nodes(existing, existing, Map.of(), unrenewed), most);

        Map<Integer, String> owners = new HashMap<>();
        for (Host host : hosts) {
          assertThat(owners.put(host.hostId(), host.node())).as("seed %d", seed).isNull();
          assertThat(host.hostId()).isBetween(1, most);
        }
        assertThat(owners.values()).doesNotHaveDuplicates();
        for (Host host : before) {
          if (existing.contains(host.node()) || !unrenewed.contains(host.hostId())) {
            assertThat(hosts).as("seed %d", seed).contains(host);
          }
        }
        assertThat(
                HostIds.allocate(
                    hosts, new HostIds.Nodes(existing, existing, Map.of(), Set.of()), most))
            .as("seed %d: nothing changes without news", seed)
            .isEqualTo(hosts);
      }
    }
  }

  private static HostIds.Nodes exist(String... nodes) {
    return exist(Map.of(), Set.of(), nodes);
  }

  private static HostIds.Nodes exist(
      Map<String, Integer> reported, Set<Integer> unrenewed, String... nodes) {
    Set<String> existing = new HashSet<>(new ArrayList<>(List.of(nodes)));
    return new HostIds.Nodes(existing, existing, reported, unrenewed);
  }
}
