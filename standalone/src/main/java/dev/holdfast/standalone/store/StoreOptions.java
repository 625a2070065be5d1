package dev.holdfast.standalone.store;

/**
 * Limits and durability of a store.
 *
 * @param historyChanges how many changes a watcher may lag behind before it is cut off; at least 1
 * @param historyBytes upper bound of what those changes hold besides the objects there are
 * @param quota how many bytes the objects may take, {@link StoredObject#SIZE} included
 * @param sync whether a write is on the disk (not only with the operating system) when it is
 *     acknowledged; without it a crash of the process loses nothing, a power failure may
 */
public record StoreOptions(int historyChanges, long historyBytes, long quota, boolean sync) {
  /**
   * Shares of a heap, which requests, connections and the program itself need the rest of.
   *
   * @param heap its largest size, in bytes
   */
  public static StoreOptions of(long heap) {
    return new StoreOptions(20_000, Math.min(heap / 6, 32L << 20), heap / 4, true);
  }

  public StoreOptions withSync(boolean newSync) {
    return new StoreOptions(historyChanges, historyBytes, quota, newSync);
  }
}
