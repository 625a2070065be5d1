package dev.holdfast.operator.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Ipv4SubnetTest {
  @ParameterizedTest
  @CsvSource({
    "10.77.0.0/24, 10.77.0.0/24, true",
    "10.77.0.0/16, 10.77.5.0/24, true",
    "10.77.5.0/24, 10.77.0.0/16, true",
    "10.77.0.0/24, 10.77.1.0/24, false",
    "192.168.255.248/29, 192.168.255.0/24, true",
    "255.255.255.248/29, 0.0.0.0/16, false"
  })
  void knowsWhatOverlaps(String one, String other, boolean overlaps) {
    assertThat(Ipv4Subnet.parse(one).overlaps(Ipv4Subnet.parse(other))).isEqualTo(overlaps);
  }

  @Test
  void theNodeHasTheFirstAddress() {
    assertThat(Ipv4Subnet.parse("192.168.0.0/16").gateway()).isEqualTo("192.168.0.1");
  }

  @ParameterizedTest
  @CsvSource({"10.77.0.248/29, 5", "10.77.0.0/24, 253", "10.77.0.0/16, 65533"})
  void givesEveryGuestAddressOnceAndThenNone(String cidr, int guests) {
    Ipv4Subnet subnet = Ipv4Subnet.parse(cidr);
    Set<String> taken = new HashSet<>();
    // A seed that moves along keeps the probes short.
    for (int seed = 0; seed < guests; seed++) {
      taken.add(subnet.allocate(seed, taken).orElseThrow());
    }
    assertThat(taken).hasSize(guests).doesNotContain(subnet.gateway());
    assertThat(subnet.allocate(0, taken)).isEmpty();
  }

  @Test
  void startsWhereTheSeedSays() {
    Ipv4Subnet subnet = Ipv4Subnet.parse("10.77.0.0/24");
    assertThat(subnet.allocate(0, Set.of())).contains("10.77.0.2");
    assertThat(subnet.allocate(252, Set.of())).contains("10.77.0.254");
    assertThat(subnet.allocate(252, Set.of("10.77.0.254"))).contains("10.77.0.2");
    assertThat(subnet.allocate(Integer.MAX_VALUE, Set.of())).isPresent();
  }

  @Test
  void refusesWhatIsNoSubnet() {
    assertThatThrownBy(() -> Ipv4Subnet.parse("10.77.0.0"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Ipv4Subnet.parse("fd00::/64"))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
