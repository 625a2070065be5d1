package dev.holdfast.keeper.sanlock.resource;

import dev.holdfast.keeper.sanlock.disk.LeaseDisk;
import dev.holdfast.keeper.sanlock.format.BallotBlock;
import dev.holdfast.keeper.sanlock.format.Geometry;
import dev.holdfast.keeper.sanlock.format.LeaderRecord;
import dev.holdfast.keeper.sanlock.format.LeaseFormatException;
import dev.holdfast.keeper.sanlock.format.RequestRecord;
import dev.holdfast.keeper.sanlock.format.ResourceLayout;
import dev.holdfast.keeper.sanlock.lockspace.LockspaceSettings;
import java.io.IOException;
import java.time.Duration;
import java.util.NavigableMap;
import java.util.TreeMap;

/** The area of one resource. */
final class ResourceStorage {
  private final LeaseDisk disk;
  private final LockspaceSettings lockspace;
  private final Geometry geometry;
  private final String resource;
  private final long offset;
  private final Duration timeout;

  private int readBytes;

  ResourceStorage(LeaseDisk disk, LockspaceSettings lockspace, String resource, long offset) {
    this.disk = disk;
    this.lockspace = lockspace;
    this.geometry = lockspace.geometry();
    this.resource = resource;
    this.offset = offset;
    this.timeout = lockspace.times().ioTimeout();
    this.readBytes = ResourceLayout.usedBytes(geometry, geometry.mostHosts());
  }

  /**
   * Everything in one read.
   *
   * @throws LeaseFormatException where there is another resource, none, or a damaged one
   */
  AreaView read() throws IOException {
    while (true) {
      byte[] area = disk.read(offset, readBytes, timeout);
      LeaderRecord leader = verified(area);
      int needed = ResourceLayout.usedBytes(geometry, leader.hosts());
      boolean complete = needed <= readBytes;
      readBytes = needed;
      if (complete) {
        return new AreaView(leader, blocks(area, (int) leader.hosts()));
      }
    }
  }

  /**
   * The leader record, our own block and those before it: enough to begin a ballot, which reads all
   * before anything depends on the others. With few hosts it is a few of a thousand sectors.
   */
  AreaView readBeginning() throws IOException {
    int hostId = lockspace.hostId();
    byte[] area = disk.read(offset, ResourceLayout.usedBytes(geometry, hostId), timeout);
    return new AreaView(verified(area), blocks(area, hostId));
  }

  private NavigableMap<Integer, BallotBlock> blocks(byte[] area, int hosts)
      throws LeaseFormatException {
    NavigableMap<Integer, BallotBlock> blocks = new TreeMap<>();
    for (int hostId = 1; hostId <= hosts; hostId++) {
      int at = ResourceLayout.ballotOffset(geometry, hostId);
      if (!BallotBlock.isUnused(area, at)) {
        blocks.put(hostId, BallotBlock.decode(area, at));
      }
    }
    return blocks;
  }

  LeaderRecord readLeader() throws IOException {
    return verified(
        disk.read(offset + ResourceLayout.LEADER_OFFSET, geometry.sectorSize(), timeout));
  }

  BallotBlock readBlock(int hostId) throws IOException {
    long at = offset + ResourceLayout.ballotOffset(geometry, hostId);
    return BallotBlock.decode(disk.read(at, geometry.sectorSize(), timeout), 0);
  }

  RequestRecord readRequest() throws IOException {
    long at = offset + ResourceLayout.requestOffset(geometry);
    return RequestRecord.decode(disk.read(at, geometry.sectorSize(), timeout), 0);
  }

  void writeRequest(RequestRecord request) throws IOException {
    write(ResourceLayout.requestOffset(geometry), request.sector(geometry.sectorSize()));
  }

  void writeLeader(LeaderRecord leader) throws IOException {
    write(ResourceLayout.LEADER_OFFSET, leader.sector());
  }

  void writeBlock(int hostId, BallotBlock block) throws IOException {
    write(ResourceLayout.ballotOffset(geometry, hostId), block.sector(geometry.sectorSize()));
  }

  private void write(int offsetInArea, byte[] sector) throws IOException {
    disk.write(offset + offsetInArea, sector, timeout);
  }

  private LeaderRecord verified(byte[] bytes) throws LeaseFormatException {
    LeaderRecord leader = LeaderRecord.decode(bytes, ResourceLayout.LEADER_OFFSET);
    if (leader.kind() != LeaderRecord.Kind.RESOURCE
        || !leader.lockspace().equals(lockspace.name())
        || !leader.name().equals(resource)
        || !leader.geometry().equals(geometry)) {
      throw new LeaseFormatException(
          "expected resource %s of lockspace %s with %s, but found %s %s of lockspace %s with %s"
              .formatted(
                  resource,
                  lockspace.name(),
                  geometry,
                  leader.kind(),
                  leader.name(),
                  leader.lockspace(),
                  leader.geometry()));
    }
    if (leader.hosts() < lockspace.hostId()
        || leader.hosts() > geometry.mostHosts()
        || leader.mostHosts() != geometry.mostHosts()) {
      throw new LeaseFormatException(
          "resource %s of lockspace %s has room for host ids up to %d in ballots of %d, ours is %d"
              .formatted(
                  resource,
                  lockspace.name(),
                  leader.hosts(),
                  leader.mostHosts(),
                  lockspace.hostId()));
    }
    return leader;
  }
}
