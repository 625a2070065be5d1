package dev.holdfast.standalone.store;

import java.util.List;

/**
 * Objects of a range at one revision, in the order of their keys.
 *
 * @param revision the state it shows; a watch that starts after it misses nothing
 * @param following how many objects of the range are behind these
 */
public record Listing(long revision, List<StoredObject> objects, long following) {
  /** All objects of a range. */
  public Listing(long revision, List<StoredObject> objects) {
    this(revision, objects, 0);
  }
}
