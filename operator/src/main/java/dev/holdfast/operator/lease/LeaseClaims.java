package dev.holdfast.operator.lease;

import dev.holdfast.crds.storage.VirtualDiskInstance;
import dev.holdfast.crds.storage.VirtualDiskInstanceSpec.Lease;
import dev.holdfast.operator.cache.ClusterCache;
import java.util.Comparator;
import java.util.Optional;

/** Which disk a lease belongs to, where two name the same. */
public final class LeaseClaims {
  private static final Comparator<VirtualDiskInstance> BY_AGE =
      Comparator.comparing(
              (VirtualDiskInstance instance) -> {
                String created = instance.getMetadata().getCreationTimestamp();
                // One that is only assumed is younger than all that the server has stored.
                return created == null ? "~" : created;
              })
          .thenComparing(LeaseClaims::name);

  private LeaseClaims() {}

  /** Another disk that has the lease, as {@code namespace/name}. */
  public static Optional<String> otherThan(ClusterCache cluster, String disk, Lease lease) {
    return cluster
        .diskInstances()
        .withIndex(ClusterCache.BY_LEASE, ClusterCache.key(lease))
        .stream()
        .map(LeaseClaims::name)
        .filter(name -> !name.equals(disk))
        .sorted()
        .findFirst();
  }

  /** The disk to which the lease of this one belongs, if that is another one. */
  public static Optional<String> olderThan(ClusterCache cluster, VirtualDiskInstance instance) {
    Lease lease = instance.getSpec().lease();
    return lease == null
        ? Optional.empty()
        : cluster.diskInstances().withIndex(ClusterCache.BY_LEASE, ClusterCache.key(lease)).stream()
            .filter(other -> !name(other).equals(name(instance)))
            .filter(other -> BY_AGE.compare(other, instance) < 0)
            .min(BY_AGE)
            .map(LeaseClaims::name);
  }

  private static String name(VirtualDiskInstance instance) {
    return ClusterCache.key(
        instance.getMetadata().getNamespace(), instance.getMetadata().getName());
  }
}
