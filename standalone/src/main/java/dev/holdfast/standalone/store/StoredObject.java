package dev.holdfast.standalone.store;

/**
 * One version of an object. The bytes are shared by all readers and must not be changed.
 *
 * @param revision the global revision of the write that made this version
 */
@SuppressWarnings("ArrayRecordComponent") // never compared; copying every list would cost too much
public record StoredObject(Key key, long revision, byte[] json) {}
