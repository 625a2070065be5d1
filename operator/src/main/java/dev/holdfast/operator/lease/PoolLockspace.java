package dev.holdfast.operator.lease;

import dev.holdfast.crds.storage.StoragePool;
import dev.holdfast.crds.storage.StoragePoolSpec.Backend;
import dev.holdfast.crds.storage.StoragePoolStatus.Lockspace;
import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** Where a pool's lockspace lies, and whether the pool may have it. */
public sealed interface PoolLockspace {
  /** The pool's leases need no lockspace. */
  record None() implements PoolLockspace {}

  /** The lockspace is the pool's. */
  record Own(Lockspace lockspace) implements PoolLockspace {}

  /** An older pool has the name; a node cannot be in two lockspaces of one name. */
  record TakenBy(String name, String pool) implements PoolLockspace {}

  static PoolLockspace of(StoragePool pool, Collection<StoragePool> all) {
    if (pool.getSpec().leases().backend() != Backend.SANLOCK) {
      return new None();
    }
    String name = nameOf(pool);
    Comparator<StoragePool> byAge =
        Comparator.comparing((StoragePool other) -> other.getMetadata().getCreationTimestamp())
            .thenComparing(other -> other.getMetadata().getName());
    Optional<StoragePool> older =
        all.stream()
            .filter(other -> other.getSpec().leases().backend() == Backend.SANLOCK)
            .filter(other -> nameOf(other).equals(name))
            .filter(other -> byAge.compare(other, pool) < 0)
            .min(byAge);
    return older.isPresent()
        ? new TakenBy(name, older.get().getMetadata().getName())
        : new Own(new Lockspace(name, pool.getSpec().dir().leasesPath() + "/" + name, 0));
  }

  private static String nameOf(StoragePool pool) {
    return pool.getSpec().lockspaceName(pool.getMetadata().getName());
  }
}
