package dev.holdfast.node.host.lease;

import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.LeaseMode;
import dev.holdfast.crds.node.HypervisorNodeStatus.LockspacePhase;
import dev.holdfast.crds.node.HypervisorNodeStatus.PeerState;
import dev.holdfast.crds.storage.LeaseBackend;
import dev.holdfast.crds.storage.VirtualDiskInstanceSpec;
import dev.holdfast.keeper.protocol.lease.HeldLease;
import dev.holdfast.keeper.protocol.lease.Lease;
import dev.holdfast.keeper.protocol.lease.Lockspace;
import dev.holdfast.keeper.protocol.lease.LockspacePeer;
import dev.holdfast.keeper.protocol.lease.LockspaceState;
import dev.holdfast.keeper.protocol.lease.RenewalFigures;
import dev.holdfast.node.host.LeaseHost;
import dev.holdfast.node.plan.HostLeases;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The agent's words for leases as the keeper's, and back. */
final class LeaseMessages {
  private LeaseMessages() {}

  static Lease toKeeper(VirtualMachineInstanceSpec.Lease lease, @Nullable Long version) {
    var mode =
        switch (lease.mode()) {
          case EXCLUSIVE -> dev.holdfast.keeper.protocol.lease.LeaseMode.EXCLUSIVE;
          case SHARED -> dev.holdfast.keeper.protocol.lease.LeaseMode.SHARED;
        };
    return switch (lease.backend()) {
      case OFD -> new Lease.Ofd(Path.of(lease.path()), mode);
      case SANLOCK ->
          new Lease.Sanlock(
              required(lease.lockspace(), "lockspace"),
              required(lease.resource(), "resource"),
              Path.of(lease.path()),
              required(lease.offset(), "offset"),
              mode,
              version);
    };
  }

  static Lease.Sanlock toKeeper(VirtualDiskInstanceSpec.Lease lease) {
    return new Lease.Sanlock(
        required(lease.lockspace(), "lockspace"),
        required(lease.resource(), "resource"),
        Path.of(lease.path()),
        required(lease.offset(), "offset"),
        dev.holdfast.keeper.protocol.lease.LeaseMode.EXCLUSIVE,
        null);
  }

  /**
   * @throws IllegalArgumentException when the lease lacks what every one of its kind has
   */
  private static <T> T required(@Nullable T value, String field) {
    if (value == null) {
      throw new IllegalArgumentException("a sanlock lease has no " + field);
    }
    return value;
  }

  static Lockspace toKeeper(HostLeases.LockspaceDefinition lockspace) {
    return new Lockspace(
        lockspace.name(),
        Path.of(lockspace.path()),
        lockspace.offset(),
        lockspace.hostId(),
        lockspace.hostName(),
        lockspace.ioTimeoutSeconds(),
        lockspace.sectorSize(),
        lockspace.alignMebibytes());
  }

  static HostLeases.Held fromKeeper(HeldLease held) {
    return new HostLeases.Held(
        fromKeeper(held.lease()), held.hostId(), held.generation(), held.version(), held.since());
  }

  static VirtualMachineInstanceSpec.Lease fromKeeper(Lease lease) {
    LeaseMode mode =
        switch (lease.mode()) {
          case EXCLUSIVE -> LeaseMode.EXCLUSIVE;
          case SHARED -> LeaseMode.SHARED;
        };
    return switch (lease) {
      case Lease.Ofd(Path path, var _) ->
          new VirtualMachineInstanceSpec.Lease(
              LeaseBackend.OFD, mode, null, null, path.toString(), null);
      case Lease.Sanlock(String lockspace, String resource, Path path, long offset, var _, var _) ->
          new VirtualMachineInstanceSpec.Lease(
              LeaseBackend.SANLOCK, mode, lockspace, resource, path.toString(), offset);
    };
  }

  static HostLeases.Lockspace fromKeeper(LockspaceState state) {
    Lockspace joined = state.lockspace();
    return new HostLeases.Lockspace(
        new HostLeases.LockspaceDefinition(
            joined.name(),
            joined.path().toString(),
            joined.offset(),
            joined.hostId(),
            joined.hostName(),
            joined.ioTimeoutSeconds(),
            joined.sectorSize(),
            joined.alignMebibytes()),
        switch (state.phase()) {
          case JOINING -> LockspacePhase.JOINING;
          case LIVE -> LockspacePhase.LIVE;
          case LATE -> LockspacePhase.LATE;
          case FAILED -> LockspacePhase.FAILED;
          case LEAVING -> null;
        },
        state.generation(),
        state.message(),
        state.fencingLevel(),
        state.peers().stream().map(LeaseMessages::fromKeeper).toList());
  }

  private static HostLeases.Peer fromKeeper(LockspacePeer peer) {
    return new HostLeases.Peer(
        peer.hostId(),
        Objects.requireNonNull(peer.hostName()),
        peer.generation(),
        switch (peer.state()) {
          case FREE -> PeerState.FREE;
          case FAILING -> PeerState.FAILING;
          case DEAD -> PeerState.DEAD;
          case UNKNOWN, LIVE -> null;
        },
        peer.deadAt());
  }

  static LeaseHost.Renewals renewals(LockspaceState state) {
    RenewalFigures figures = state.figures();
    return new LeaseHost.Renewals(
        state.lockspace().name(),
        state.phase() == dev.holdfast.keeper.protocol.lease.LockspacePhase.LIVE,
        figures.renewals(),
        figures.failures(),
        Duration.ofMillis(figures.lastLatencyMillis()),
        Duration.ofMillis(figures.longestLatencyMillis()),
        state.lastRenewal(),
        state.fencingLevel());
  }
}
