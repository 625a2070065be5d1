package dev.holdfast.keeper.sanlock.disk;

import java.io.IOException;

/**
 * Storage has not answered in time. What was to be written may have been written, may be written
 * later, or never: whoever gets this must not conclude anything from the write.
 */
public final class StorageTimeoutException extends IOException {
  private static final long serialVersionUID = 1L;

  public StorageTimeoutException(String message) {
    super(message);
  }
}
