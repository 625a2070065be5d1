package dev.holdfast.keeper.sanlock.dump;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.holdfast.keeper.sanlock.format.Geometry;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Everything that was found on a storage, at one look: who is alive, nobody can tell from that.
 *
 * @param problems what looks like a lease area but can't be read, with its offset
 */
public record LeaseDump(
    List<LockspaceArea> lockspaces, List<ResourceArea> resources, List<String> problems) {

  /**
   * A lockspace.
   *
   * @param offset bytes from the beginning of the storage
   * @param hosts those host ids that were ever used
   */
  public record LockspaceArea(String name, long offset, Geometry geometry, List<Host> hosts) {}

  /**
   * A host id of a lockspace.
   *
   * @param timestamp seconds of that host's clock; 0 when it has released the host id
   */
  public record Host(
      int hostId, String name, long generation, long timestamp, int ioTimeoutSeconds) {}

  /** How a resource is held. */
  public enum State {
    FREE,
    EXCLUSIVE,
    SHARED,
    /** It was deleted; its area can be used for another. */
    CLEARED
  }

  /**
   * A resource.
   *
   * @param offset bytes from the beginning of the storage
   * @param version how often it was acquired
   * @param owner who has it exclusively or, when free, had it last
   * @param sharedBy who shares it
   */
  public record ResourceArea(
      String lockspace,
      String name,
      long offset,
      Geometry geometry,
      State state,
      long version,
      @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable Owner owner,
      List<Owner> sharedBy) {}

  /** A host in one of its lives. */
  public record Owner(long hostId, long generation) {}
}
