package dev.holdfast.operator.network;

import dev.holdfast.crds.network.VirtualNetwork;
import dev.holdfast.operator.identity.Identity;
import java.util.Collection;
import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/** Whether a network can be used, and how nodes know it. */
public sealed interface NetworkVerdict {
  /** The network can be used. */
  record Usable(String bridge, String gateway) implements NetworkVerdict {}

  /** An older network has addresses of it. */
  record Overlaps(String namespace, String name, String subnet) implements NetworkVerdict {
    public String message() {
      return "The subnet overlaps "
          + subnet
          + " of VirtualNetwork "
          + namespace
          + "/"
          + name
          + ", which is older. Delete one of the two and apply it with another subnet.";
    }
  }

  /** Judges a network among all networks; every one of two that overlap sees the same older one. */
  static NetworkVerdict of(
      VirtualNetwork network, Collection<VirtualNetwork> all, Identity identity) {
    VirtualNetwork older = olderOverlapping(network, all);
    if (older != null) {
      return new Overlaps(
          older.getMetadata().getNamespace(),
          older.getMetadata().getName(),
          older.getSpec().ipv4().subnet());
    }
    return new Usable(
        identity.bridge(network.getMetadata().getNamespace(), network.getMetadata().getName()),
        subnet(network).gateway());
  }

  /** Whether both have an address in common. */
  static boolean overlap(VirtualNetwork one, VirtualNetwork other) {
    return subnet(one).overlaps(subnet(other));
  }

  private static @Nullable VirtualNetwork olderOverlapping(
      VirtualNetwork network, Collection<VirtualNetwork> all) {
    Comparator<VirtualNetwork> age =
        Comparator.comparing(
                (VirtualNetwork candidate) -> candidate.getMetadata().getCreationTimestamp())
            .thenComparing(candidate -> candidate.getMetadata().getUid());
    return all.stream()
        .filter(other -> age.compare(other, network) < 0)
        .filter(other -> overlap(other, network))
        .min(age)
        .orElse(null);
  }

  private static Ipv4Subnet subnet(VirtualNetwork network) {
    return Ipv4Subnet.parse(network.getSpec().ipv4().subnet());
  }
}
