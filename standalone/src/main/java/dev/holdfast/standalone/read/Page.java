package dev.holdfast.standalone.read;

import dev.holdfast.standalone.store.StoredObject;
import java.util.List;

/**
 * One page of a list.
 *
 * @param continueToken empty on the last page
 * @param remaining how many objects follow, or -1 when that is not told (with a selection)
 */
public record Page(
    long revision, List<StoredObject> objects, String continueToken, long remaining) {}
