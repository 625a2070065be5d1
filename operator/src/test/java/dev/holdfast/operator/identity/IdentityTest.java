package dev.holdfast.operator.identity;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class IdentityTest {
  private final Identity identity = new Identity("cluster-1");

  @Test
  void staysTheSameForEver() {
    // Changing how these are derived would change the hardware of every machine there is.
    assertThat(identity.machineUuid("default", "web"))
        .isEqualTo("4710ae73-af40-3db5-b062-5459d9ccf5e3");
    assertThat(identity.macAddress("default", "web", "lan")).isEqualTo("52:54:51:87:31:9d");
    assertThat(identity.bridge("default", "net")).isEqualTo("hfb06fb30740f");
    assertThat(identity.tap("default", "web", "lan")).isEqualTo("hft24d5171d96");
  }

  @Test
  void differsBetweenClusters() {
    Identity other = new Identity("cluster-2");
    assertThat(other.machineUuid("default", "web"))
        .isNotEqualTo(identity.machineUuid("default", "web"));
    assertThat(other.macAddress("default", "web", "lan"))
        .isNotEqualTo(identity.macAddress("default", "web", "lan"));
  }

  @Test
  void namesDoNotRunIntoEachOther() {
    assertThat(identity.machineUuid("a-b", "c")).isNotEqualTo(identity.machineUuid("a", "b-c"));
  }

  @Test
  void tenThousandMachinesHaveDifferentAddresses() {
    Set<String> addresses = new HashSet<>();
    for (int i = 0; i < 10_000; i++) {
      addresses.add(identity.macAddress("default", "machine-" + i, "lan"));
    }
    assertThat(addresses).hasSize(10_000);
  }

  @Test
  void interfaceNamesFitTheKernel() {
    assertThat(identity.bridge("default", "net")).matches("hfb[0-9a-f]{10}");
    assertThat(identity.tap("default", "web", "lan")).matches("hft[0-9a-f]{10}");
  }
}
