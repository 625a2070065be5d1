package dev.holdfast.keeper.sanlock.dump;

import dev.holdfast.keeper.sanlock.dump.LeaseDump.Host;
import dev.holdfast.keeper.sanlock.dump.LeaseDump.LockspaceArea;
import dev.holdfast.keeper.sanlock.dump.LeaseDump.Owner;
import dev.holdfast.keeper.sanlock.dump.LeaseDump.ResourceArea;
import dev.holdfast.keeper.sanlock.dump.LeaseDump.State;
import dev.holdfast.keeper.sanlock.format.BallotBlock;
import dev.holdfast.keeper.sanlock.format.Geometry;
import dev.holdfast.keeper.sanlock.format.HostStamp;
import dev.holdfast.keeper.sanlock.format.LeaderRecord;
import dev.holdfast.keeper.sanlock.format.LeaseFormatException;
import dev.holdfast.keeper.sanlock.format.LockspaceLayout;
import dev.holdfast.keeper.sanlock.format.ResourceLayout;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Finds lease areas wherever they may begin, and their sizes by what they say themselves. */
public final class LeaseScanner {
  /** Areas begin at multiples of their size, of which this is the smallest. */
  private static final int STEP = 1024 * 1024;

  private static final int LARGEST_SECTOR = 4096;

  private final Source source;
  private final List<LockspaceArea> lockspaces = new ArrayList<>();
  private final List<ResourceArea> resources = new ArrayList<>();
  private final List<String> problems = new ArrayList<>();

  /** Storage to read. */
  @FunctionalInterface
  public interface Source {
    /** Whole sectors of any size, all within the storage. */
    byte[] read(long offset, int length) throws IOException;
  }

  private LeaseScanner(Source source) {
    this.source = source;
  }

  /**
   * Looks through a storage.
   *
   * @param size of it, in bytes
   */
  public static LeaseDump scan(Source source, long size) throws IOException {
    LeaseScanner scanner = new LeaseScanner(source);
    long offset = 0;
    while (offset + LARGEST_SECTOR <= size) {
      offset += scanner.look(offset, size);
    }
    return new LeaseDump(scanner.lockspaces, scanner.resources, scanner.problems);
  }

  /** How far the next area can be. */
  private int look(long offset, long size) throws IOException {
    byte[] first = source.read(offset, LARGEST_SECTOR);
    if (!LeaderRecord.isAt(first, 0)) {
      return STEP;
    }
    try {
      LeaderRecord leader = LeaderRecord.decode(first, 0);
      Geometry geometry = leader.geometry();
      if (offset + geometry.areaBytes() > size || offset % geometry.areaBytes() != 0) {
        throw new LeaseFormatException(
            "an area of %d MiB that does not fit here".formatted(geometry.alignMebibytes()));
      }
      switch (leader.kind()) {
        case HOST -> lockspaces.add(lockspace(leader, geometry, offset));
        case RESOURCE, CLEARED -> resources.add(resource(leader, geometry, offset));
      }
      return geometry.areaBytes();
    } catch (LeaseFormatException damaged) {
      problems.add("at " + offset + ": " + damaged.getMessage());
      return STEP;
    }
  }

  private LockspaceArea lockspace(LeaderRecord first, Geometry geometry, long offset)
      throws IOException {
    byte[] area = source.read(offset, geometry.areaBytes());
    List<Host> hosts = new ArrayList<>();
    for (int hostId = 1; hostId <= geometry.mostHosts(); hostId++) {
      int at = LockspaceLayout.hostOffset(geometry, hostId);
      if (LeaderRecord.isAt(area, at) && LeaderRecord.isUnused(area, at)) {
        continue;
      }
      try {
        LeaderRecord host = LeaderRecord.decode(area, at);
        hosts.add(
            new Host(
                hostId,
                host.name(),
                host.owner().generation(),
                host.owner().timestamp(),
                host.ioTimeoutSeconds()));
      } catch (LeaseFormatException damaged) {
        problems.add(
            "lockspace %s, host id %d: %s"
                .formatted(first.lockspace(), hostId, damaged.getMessage()));
      }
    }
    return new LockspaceArea(first.lockspace(), offset, geometry, hosts);
  }

  private ResourceArea resource(LeaderRecord leader, Geometry geometry, long offset)
      throws IOException {
    List<Owner> sharedBy = new ArrayList<>();
    boolean released = false;
    if (leader.kind() == LeaderRecord.Kind.RESOURCE) {
      byte[] area = source.read(offset, geometry.areaBytes());
      for (int hostId = 1; hostId <= geometry.mostHosts(); hostId++) {
        try {
          BallotBlock block =
              BallotBlock.decode(area, ResourceLayout.ballotOffset(geometry, hostId));
          if (block.mode().shared()) {
            sharedBy.add(new Owner(hostId, block.mode().generation()));
          }
          released |= isReleasedBy(leader, hostId, block);
        } catch (LeaseFormatException damaged) {
          problems.add(
              "resource %s, ballot block of host id %d: %s"
                  .formatted(leader.name(), hostId, damaged.getMessage()));
        }
      }
    }
    return new ResourceArea(
        leader.lockspace(),
        leader.name(),
        offset,
        geometry,
        state(leader, released, !sharedBy.isEmpty()),
        leader.leaseVersion(),
        owner(leader.owner()),
        sharedBy);
  }

  /** An owner that another has made one may have given up before. */
  private static boolean isReleasedBy(LeaderRecord leader, int hostId, BallotBlock block) {
    return leader.owner().hostId() == hostId
        && leader.writer().hostId() != hostId
        && block.released()
        && block.leaseVersion() == leader.leaseVersion();
  }

  private static State state(LeaderRecord leader, boolean released, boolean shared) {
    if (leader.kind() == LeaderRecord.Kind.CLEARED) {
      return State.CLEARED;
    }
    if (!leader.isFree() && !released) {
      return State.EXCLUSIVE;
    }
    return shared ? State.SHARED : State.FREE;
  }

  private static @Nullable Owner owner(HostStamp owner) {
    return owner.hostId() == 0 ? null : new Owner(owner.hostId(), owner.generation());
  }
}
