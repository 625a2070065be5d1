package dev.holdfast.keeper.sanlock.resource;

import static java.util.Objects.requireNonNull;

import dev.holdfast.keeper.sanlock.disk.LeaseDisk;
import dev.holdfast.keeper.sanlock.disk.Ticks;
import dev.holdfast.keeper.sanlock.format.BallotBlock;
import dev.holdfast.keeper.sanlock.format.HostStamp;
import dev.holdfast.keeper.sanlock.format.LeaderRecord;
import dev.holdfast.keeper.sanlock.format.LeaseName;
import dev.holdfast.keeper.sanlock.format.ModeBlock;
import dev.holdfast.keeper.sanlock.format.RequestRecord;
import dev.holdfast.keeper.sanlock.lockspace.Lockspace;
import dev.holdfast.keeper.sanlock.lockspace.Membership;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The lease of one resource. A host has at most one of these for each resource: two on the same
 * host do not exclude each other. One thread at a time.
 */
public final class ResourceLease {
  private static final int MOST_BALLOTS = 16;
  private static final int MOST_LOOKS_AT_STALE_LEADER = 3;
  private static final long FIRST_PAUSE_MILLIS = 50;
  private static final long LONGEST_PAUSE_MILLIS = 1000;

  private final Ticks ticks;
  private final Lockspace lockspace;
  private final int hostId;
  private final ResourceStorage storage;
  private final Owners owners;
  private final RandomGenerator random;

  private @Nullable Claim claim;

  /**
   * The last version that was surely ours. It can come up again when the leader record is older
   * than it can be, and is then not a new one.
   */
  private long used;

  /**
   * The last version for which our block has said that we do not want it. Where another host makes
   * us its owner nevertheless, a third may have gone on from there, even if we want it again by
   * now.
   */
  private long renounced;

  /**
   * What we may have on storage.
   *
   * @param generation our life in which we got it
   * @param block ours as it was written last, or may have been
   * @param certain whether the lease is ours, else it only may be
   */
  private record Claim(long generation, BallotBlock block, boolean certain) {
    long version() {
      return block.leaseVersion();
    }
  }

  /**
   * Nothing is read yet.
   *
   * @param disk where the resource is; its area has the geometry of the lockspace
   * @param offset of its area, in bytes from the beginning of that storage
   * @param random decides who goes first after a clash
   */
  public ResourceLease(
      LeaseDisk disk,
      Ticks ticks,
      Lockspace lockspace,
      String resource,
      long offset,
      RandomGenerator random) {
    int areaBytes = lockspace.settings().geometry().areaBytes();
    if (offset < 0 || offset % areaBytes != 0) {
      throw new IllegalArgumentException(
          "offset " + offset + " is no multiple of the area's " + areaBytes + " bytes");
    }
    this.ticks = ticks;
    this.lockspace = lockspace;
    this.hostId = lockspace.settings().hostId();
    this.storage =
        new ResourceStorage(disk, lockspace.settings(), LeaseName.check(resource), offset);
    this.owners = new Owners(lockspace, storage);
    this.random = random;
  }

  /**
   * Takes the lease if nobody has it. Never waits for another owner, alive or dead; only for the
   * end of clashes with others who ask at the same time, some seconds at most. What an earlier
   * attempt may have left is given back first.
   *
   * @param expectedVersion the version that must be the last one; fails if anybody had the lease
   *     after it
   * @throws IOException when storage failed before anything was decided; nothing is ours
   * @throws InterruptedException when interrupted while waiting; then {@link #release()} too
   * @throws IllegalStateException while the lease is ours
   */
  public AcquireResult acquire(LeaseMode mode, OptionalLong expectedVersion)
      throws IOException, InterruptedException {
    if (version().isPresent()) {
      throw new IllegalStateException("the lease is ours already");
    }
    try {
      var _ = release();
    } catch (IOException failure) {
      return new AcquireResult.OwnershipUnknown(failure);
    }
    Optional<Membership> membership = lockspace.membership();
    if (membership.isEmpty()) {
      return new AcquireResult.HostIdLost("the lockspace is not joined");
    }
    long generation = membership.get().generation();
    AcquireResult result;
    try {
      result = acquire(mode, expectedVersion, generation);
    } catch (IOException failure) {
      if (claim == null) {
        throw failure;
      }
      return new AcquireResult.OwnershipUnknown(failure);
    }
    if (result instanceof AcquireResult.Acquired && !lockspace.isLive(generation)) {
      claim = new Claim(generation, requireNonNull(claim).block(), false);
      return new AcquireResult.HostIdLost("the host id was lost while the lease was acquired");
    }
    if (!(result instanceof AcquireResult.Acquired) && claim != null) {
      // Another may still find our vote and make us the owner.
      try {
        var _ = release();
      } catch (IOException failure) {
        return new AcquireResult.OwnershipUnknown(failure);
      }
    }
    return result;
  }

  private AcquireResult acquire(LeaseMode mode, OptionalLong expected, long generation)
      throws IOException, InterruptedException {
    for (int ballots = 0; ballots < MOST_BALLOTS; ballots++) {
      if (ballots > 0) {
        pause(ballots);
      }
      AreaView view = ballots == 0 ? storage.readBeginning() : readSettled();
      LeaderRecord leader = view.leader();
      if (names(leader, claim) && leader.leaseVersion() > Math.max(renounced, used)) {
        // Another host has found our vote.
        return won(mode, view);
      }
      boolean stale = view.isLeaderStale();
      long version = stale ? view.highestVersion() : leader.leaseVersion() + 1;
      if (expected.isPresent() && expected.getAsLong() != version - 1) {
        return new AcquireResult.VersionMismatch(
            expected.getAsLong(), version - 1, owners.named(leader));
      }
      // Who has begun a ballot over a version has found that the one before may be taken.
      Optional<AcquireResult> obstacle =
          stale ? Optional.empty() : owners.obstacle(leader, generation);
      if (obstacle.isPresent()
          && leader.isShortHold()
          && obstacle.get() instanceof AcquireResult.Held) {
        continue;
      }
      if (obstacle.isPresent()) {
        return obstacle.get();
      }
      if (!lockspace.isLive(generation)) {
        return new AcquireResult.HostIdLost("the host id is not ours, or was not renewed in time");
      }
      Optional<AcquireResult> decided = ballot(mode, view, version, generation);
      if (decided.isPresent()) {
        return decided.get();
      }
    }
    return new AcquireResult.Contended(MOST_BALLOTS);
  }

  /** Reads until leader record and ballots fit together, or do not for another reason. */
  private AreaView readSettled() throws IOException {
    AreaView view = storage.read();
    for (int looks = 1; view.isLeaderStale() && looks < MOST_LOOKS_AT_STALE_LEADER; looks++) {
      view = storage.read();
    }
    return view;
  }

  /** One ballot; empty when it is still open who gets the lease. */
  private Optional<AcquireResult> ballot(
      LeaseMode mode, AreaView view, long version, long generation) throws IOException {
    Ballot ballot = new Ballot(storage, hostId, view, version);
    if (claim != null || ballot.mine().hasVote()) {
      claim = new Claim(generation, ballot.mine(), false);
    }
    if (!ballot.begin() || !lockspace.isLive(generation)) {
      return Optional.empty();
    }
    if (mode == LeaseMode.EXCLUSIVE) {
      // Asked before the version is used up.
      Optional<AcquireResult> shared =
          sharedByOthers(owners.sharing(ballot.seen(), hostId), version - 1);
      if (shared.isPresent()) {
        return shared;
      }
    }
    HostStamp self = stamp(generation);
    boolean decided;
    try {
      decided = ballot.vote(self);
    } finally {
      claim = new Claim(generation, ballot.mine(), false);
    }
    if (!decided || !lockspace.isLive(generation)) {
      return Optional.empty();
    }
    HostStamp outcome = ballot.mine().vote();
    boolean ours = outcome.isSameLife(self) && version > used;
    boolean shortHold = ours && mode == LeaseMode.SHARED;
    storage.writeLeader(view.leader().committed(version, outcome, shortHold, stamp(generation)));
    return ours ? Optional.of(won(mode, ballot.seen())) : Optional.empty();
  }

  /** The leader record names us as the owner. */
  private AcquireResult won(LeaseMode mode, AreaView view) throws IOException {
    Claim current = requireNonNull(claim);
    BallotBlock block = current.block();
    switch (mode) {
      case EXCLUSIVE -> {
        Optional<AcquireResult> shared =
            sharedByOthers(owners.sharing(view, hostId), current.version());
        if (shared.isPresent()) {
          return shared.get();
        }
      }
      case SHARED -> {
        block = block.released(new ModeBlock(true, current.generation()));
        claim = new Claim(current.generation(), block, false);
        storage.writeBlock(hostId, block);
        freeLeader(current);
      }
    }
    claim = new Claim(current.generation(), block, true);
    used = current.version();
    return new AcquireResult.Acquired(mode, current.version());
  }

  private static Optional<AcquireResult> sharedByOthers(List<Holder> sharing, long version) {
    return sharing.isEmpty()
        ? Optional.empty()
        : Optional.of(new AcquireResult.Held(LeaseMode.SHARED, version, sharing));
  }

  /**
   * Gives the lease back, or whatever may be ours after an acquisition with an unknown end. The
   * processes that used it must be gone.
   *
   * @throws IOException when storage fails; call again until it does not. The lease is not to be
   *     used in any case.
   */
  public ReleaseResult release() throws IOException {
    Claim current = claim;
    if (current == null) {
      return new ReleaseResult.NotHeld();
    }
    if (!lockspace.isLive(current.generation())) {
      claim = null;
      return new ReleaseResult.Forfeited(current.version());
    }
    BallotBlock block = current.block().released(ModeBlock.NONE);
    claim = new Claim(current.generation(), block, false);
    renounced = current.version();
    storage.writeBlock(hostId, block);
    freeLeader(current);
    claim = null;
    return new ReleaseResult.Released(current.version());
  }

  /**
   * Writes that nobody has the lease, if we have written that it is ours. If another has written
   * it, that one or a third may go on from there, and our released block tells them enough.
   */
  private void freeLeader(Claim ours) throws IOException {
    LeaderRecord leader = storage.readLeader();
    HostStamp self = stamp(ours.generation());
    if (names(leader, ours) && leader.writer().isSameLife(self)) {
      storage.writeLeader(leader.freed(self));
    }
  }

  private boolean names(LeaderRecord leader, @Nullable Claim ours) {
    return ours != null
        && !leader.isFree()
        && leader.leaseVersion() == ours.version()
        && leader.owner().hostId() == hostId
        && leader.owner().generation() == ours.generation();
  }

  /**
   * Goes on where a predecessor of this process has stopped, if storage still says that the lease
   * is ours.
   *
   * @param generation our life in which it was acquired
   * @param version number of that acquisition
   * @return whether the lease is ours
   */
  public boolean resume(LeaseMode mode, long generation, long version) throws IOException {
    if (claim != null) {
      throw new IllegalStateException("the lease is ours already, or may be");
    }
    AreaView view = storage.read();
    BallotBlock block = view.block(hostId);
    var resumed = new Claim(generation, block, true);
    boolean ours =
        block.leaseVersion() == version
            && lockspace.isLive(generation)
            && switch (mode) {
              case EXCLUSIVE -> !block.released() && names(view.leader(), resumed);
              case SHARED -> block.mode().equals(new ModeBlock(true, generation));
            };
    if (ours) {
      claim = resumed;
    }
    return ours;
  }

  /** The version that is surely ours, while the host id is. */
  public OptionalLong version() {
    Claim current = claim;
    return current != null && current.certain() && lockspace.isLive(current.generation())
        ? OptionalLong.of(current.version())
        : OptionalLong.empty();
  }

  /** What another host wants of us while the lease is ours; see {@code Renewed.requested}. */
  public RequestRecord.Demand demand() throws IOException {
    OptionalLong ours = version();
    RequestRecord request = storage.readRequest();
    return ours.isPresent() && request.leaseVersion() == ours.getAsLong() + 1
        ? request.demand()
        : RequestRecord.Demand.NONE;
  }

  /**
   * Asks the exclusive owner to let go. It finds out at its next renewal after our next one.
   *
   * @return whether there was one
   */
  public boolean request(RequestRecord.Demand demand) throws IOException {
    LeaderRecord leader = storage.readLeader();
    if (leader.isFree()) {
      return false;
    }
    storage.writeRequest(new RequestRecord(leader.leaseVersion() + 1, demand));
    lockspace.signal((int) leader.owner().hostId());
    return true;
  }

  /** Who has the resource, ourselves among them. */
  public Holders holders() throws IOException {
    AreaView view = readSettled();
    LeaderRecord leader = view.leader();
    Optional<Holder> owner = owners.named(leader);
    if (owner.isPresent() && !leader.isFree() && !owners.isReleased(leader)) {
      return new Holders(leader.leaseVersion(), LeaseMode.EXCLUSIVE, List.of(owner.get()));
    }
    return new Holders(leader.leaseVersion(), LeaseMode.SHARED, owners.sharing(view, 0));
  }

  private HostStamp stamp(long generation) {
    return new HostStamp(hostId, generation, Math.max(1, ticks.now().toSeconds()));
  }

  /** Lets another go first, after a clash; the longer the more there were. */
  private void pause(int clashes) throws InterruptedException {
    long longest = Math.min(LONGEST_PAUSE_MILLIS, FIRST_PAUSE_MILLIS << Math.min(clashes, 5));
    ticks.sleep(Duration.ofMillis(random.nextLong(longest)));
  }
}
