package dev.holdfast.keeper.sanlock.disk;

import java.io.IOException;
import java.time.Duration;

/**
 * Storage that hosts share: a file or a block device, read and written past all caches.
 *
 * <p>A sector is written as a whole or not at all; a read of several sectors may see them at
 * different moments. <b>Writes to the same sector take effect in the order in which they were asked
 * for</b>: as long as one that timed out may still take effect, the next to that sector waits for
 * it, and times out in its turn. Otherwise a lease that was given up could come back. For the same
 * reason nothing may take effect after the process that asked for it was followed by another with
 * the same host name; Linux does not let go of a process with a write under way, so who follows
 * must wait until its predecessor is gone. Several threads may use it at once; one that is stuck in
 * one area must not hold up another.
 */
public interface LeaseDisk {
  /**
   * Reads whole sectors.
   *
   * @param offset bytes from the beginning of the storage
   * @throws StorageTimeoutException when it took longer
   * @throws IOException for any other failure, such as reading past the end
   */
  byte[] read(long offset, int length, Duration timeout) throws IOException;

  /**
   * Writes one sector durably, or several while no other host knows of them.
   *
   * @param offset bytes from the beginning of the storage
   * @throws StorageTimeoutException when it took longer: it may still be written
   * @throws IOException for any other failure; it may have been written, but will not be later
   */
  void write(long offset, byte[] sectors, Duration timeout) throws IOException;
}
