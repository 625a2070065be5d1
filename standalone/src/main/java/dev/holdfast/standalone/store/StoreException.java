package dev.holdfast.standalone.store;

/** Why a store did not do what it was asked; the store is unchanged by a request that failed. */
public abstract sealed class StoreException extends RuntimeException {
  private StoreException(String message) {
    super(message);
  }

  private StoreException(String message, Throwable cause) {
    super(message, cause);
  }

  /** A create of what is there. */
  public static final class AlreadyThere extends StoreException {
    AlreadyThere(Key key) {
      super(key.path() + " exists already");
    }
  }

  /** An update or a deletion of what is not there. */
  public static final class Missing extends StoreException {
    Missing(Key key) {
      super(key.path() + " does not exist");
    }
  }

  /** The object was written since the caller read it. */
  public static final class Conflict extends StoreException {
    Conflict(Key key, long expected, long actual) {
      super(key.path() + " is at revision " + actual + ", not at " + expected);
    }
  }

  /** What the write depends on (its namespace) was written since the caller read it. */
  public static final class GuardFailed extends StoreException {
    GuardFailed(Key key) {
      super(key.path() + " has changed");
    }
  }

  /** The object would be larger than any may be. */
  public static final class TooLarge extends StoreException {
    TooLarge(Key key, long bytes, long most) {
      super(
          "request is too large: %s would take %d bytes, an object may take %d; make several of it"
              .formatted(key.path(), bytes, most));
    }
  }

  /** There is no room for what makes the objects larger; everything else goes on. */
  public static final class Full extends StoreException {
    Full(Key key, long bytes, long quota) {
      super(
          ("the control plane is full: its objects take %d KiB and %s has no room in the %d KiB"
               + " that they may take; delete what is not needed, or restart it with a larger heap")
              .formatted(bytes >> 10, key.path(), quota >> 10));
    }
  }

  /** The history does not reach back to the revision that was asked for. */
  public static final class Compacted extends StoreException {
    private final long requested;
    private final long oldest;

    Compacted(long requested, long oldest) {
      super("revision " + requested + " is older than the history, which begins at " + oldest);
      this.requested = requested;
      this.oldest = oldest;
    }

    public long requested() {
      return requested;
    }

    /** The oldest revision that can be asked for. */
    public long oldest() {
      return oldest;
    }
  }

  /** The file can't be written any more; reads go on, writes need a restart. */
  public static final class Failed extends StoreException {
    Failed(String message, Throwable cause) {
      super(message, cause);
    }
  }
}
