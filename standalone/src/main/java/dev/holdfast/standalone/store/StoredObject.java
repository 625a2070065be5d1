package dev.holdfast.standalone.store;

import org.jspecify.annotations.Nullable;

/**
 * One version of an object. The bytes are shared by all readers and must not be changed.
 *
 * @param revision the global revision of the write that made this version
 */
@SuppressWarnings("ArrayRecordComponent") // never compared; copying every list would cost too much
public record StoredObject(Key key, long revision, byte[] json) {
  /** Bytes that an object takes besides its JSON: its key as path and in parts, and references. */
  static final int SIZE = 512;

  /** Bytes that an object takes; 0 for none. */
  static long size(@Nullable StoredObject object) {
    return object == null ? 0 : SIZE + object.json().length;
  }
}
