package dev.holdfast.keeper.sanlock.lockspace;

import dev.holdfast.keeper.sanlock.format.Geometry;
import dev.holdfast.keeper.sanlock.format.LeaderRecord;
import dev.holdfast.keeper.sanlock.format.LeaseFormatException;
import dev.holdfast.keeper.sanlock.format.LeaseName;

/**
 * A lockspace and who we are in it.
 *
 * @param offset of its area, in bytes from the beginning of the storage
 * @param hostId our host id, 1 to the geometry's largest
 * @param hostName unique among everybody who may ever use this host id, and the same after a
 *     restart: it lets a host take back its own host id at once. Never two processes may use it at
 *     the same time.
 */
public record LockspaceSettings(
    String name, long offset, Geometry geometry, int hostId, String hostName, LeaseTimes times) {
  public LockspaceSettings {
    LeaseName.check(name);
    LeaseName.check(hostName);
    if (hostId < 1 || hostId > geometry.mostHosts()) {
      throw new IllegalArgumentException(
          "host id " + hostId + " is not within 1 and " + geometry.mostHosts());
    }
    if (offset < 0 || offset % geometry.areaBytes() != 0) {
      throw new IllegalArgumentException(
          "offset " + offset + " is no multiple of " + geometry.alignMebibytes() + " MiB");
    }
  }

  /**
   * A host's record that was found in the lockspace.
   *
   * @throws LeaseFormatException where it is not one of this lockspace
   */
  LeaderRecord verified(LeaderRecord found) throws LeaseFormatException {
    if (found.kind() != LeaderRecord.Kind.HOST
        || !found.lockspace().equals(name)
        || !found.geometry().equals(geometry)) {
      throw new LeaseFormatException(
          "expected lockspace %s with %s, but found %s of lockspace %s with %s"
              .formatted(name, geometry, found.kind(), found.lockspace(), found.geometry()));
    }
    return found;
  }
}
