package dev.holdfast.standalone.store;

/**
 * Limits and durability of a store.
 *
 * @param historyChanges how many changes a watcher may lag behind before it is cut off; at least 1
 * @param historyBytes upper bound of the memory that those changes hold
 * @param sync whether a write is on the disk (not only with the operating system) when it is
 *     acknowledged; without it a crash of the process loses nothing, a power failure may
 */
public record StoreOptions(int historyChanges, long historyBytes, boolean sync) {
  public static StoreOptions defaults() {
    return new StoreOptions(20_000, 32L << 20, true);
  }
}
