package dev.holdfast.operator.cache;

import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.storage.VirtualDiskInstance;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntFunction;

/**
 * Gives out user and group ids. One belongs to one machine or one shared disk at a time, so that
 * QEMUs cannot reach into each other, nor into disks that they do not have.
 */
public final class UserIds {
  private final ReentrantLock giving = new ReentrantLock();
  private final ClusterCache cluster;
  private final int first;

  /**
   * @param first lowest id that is given out
   */
  public UserIds(ClusterCache cluster, int first) {
    this.cluster = cluster;
    this.first = first;
  }

  /** Gives out the lowest free id; what {@code use} makes of it must be assumed when it returns. */
  public <T> T give(IntFunction<T> use) {
    giving.lock();
    try {
      return use.apply(lowestFree());
    } finally {
      giving.unlock();
    }
  }

  private int lowestFree() {
    Set<Integer> used = new HashSet<>();
    for (VirtualMachineInstance instance : cluster.instances().all()) {
      used.add(instance.getSpec().uid());
    }
    for (VirtualDiskInstance disk :
        cluster.diskInstances().withIndex(ClusterCache.BY_GROUP, ClusterCache.WITH_GROUP)) {
      Integer group = disk.getSpec().group();
      if (group != null) {
        used.add(group);
      }
    }
    int id = first;
    while (used.contains(id)) {
      id++;
    }
    return id;
  }
}
