package dev.holdfast.standalone.store;

import org.jspecify.annotations.Nullable;

/**
 * One write, in the order of revisions; every revision is exactly one change.
 *
 * @param before the version that was replaced or deleted; null when the object was created
 * @param after the new version; for a deletion the last state with the revision of the deletion
 */
public record Change(Kind kind, @Nullable StoredObject before, StoredObject after) {

  public enum Kind {
    CREATED,
    UPDATED,
    DELETED
  }

  public Key key() {
    return after.key();
  }

  public long revision() {
    return after.revision();
  }

  /** What there is from now on; null after a deletion. */
  @Nullable StoredObject left() {
    return kind == Kind.DELETED ? null : after;
  }

  /** By how many bytes the objects grow; negative when they shrink. */
  long growth() {
    return StoredObject.size(left()) - StoredObject.size(before);
  }
}
