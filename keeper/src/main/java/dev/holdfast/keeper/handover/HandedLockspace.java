package dev.holdfast.keeper.handover;

import dev.holdfast.keeper.protocol.lease.Lockspace;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A lockspace.
 *
 * @param guard descriptor of the file that says that machines with leases in it live
 * @param life our host id as it was last renewed; absent if it was not ours
 * @param resources only with a life
 */
public record HandedLockspace(
    Lockspace lockspace,
    @Nullable Integer guard,
    @Nullable Life life,
    List<HandedResource> resources) {
  public HandedLockspace {
    resources = List.copyOf(resources);
  }

  /**
   * Our host id in one of its lives.
   *
   * @param lastRenewalNanos by CLOCK_BOOTTIME
   * @param sector as it was last written
   */
  @SuppressWarnings("ArrayRecordComponent") // compared by nobody
  public record Life(long generation, long lastRenewalNanos, byte[] sector) {}
}
