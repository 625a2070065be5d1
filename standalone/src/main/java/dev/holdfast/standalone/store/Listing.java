package dev.holdfast.standalone.store;

import java.util.List;

/**
 * The objects of a range at one revision, in the order of their keys.
 *
 * @param revision the state it shows; a watch that starts after it misses nothing
 */
public record Listing(long revision, List<StoredObject> objects) {}
