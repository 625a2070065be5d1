package dev.holdfast.keeper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.keeper.protocol.Event;
import dev.holdfast.keeper.protocol.FailureCode;
import dev.holdfast.keeper.protocol.KeeperLine;
import dev.holdfast.keeper.protocol.ProtocolException;
import dev.holdfast.keeper.protocol.ProtocolJson;
import dev.holdfast.keeper.protocol.Reply;
import dev.holdfast.keeper.protocol.Request;
import dev.holdfast.keeper.protocol.lease.HeldLease;
import dev.holdfast.keeper.protocol.lease.Lease;
import dev.holdfast.keeper.protocol.lease.LeaseHolder;
import dev.holdfast.keeper.protocol.lease.LeaseMode;
import dev.holdfast.keeper.protocol.lease.Lockspace;
import dev.holdfast.keeper.protocol.lease.LockspacePeer;
import dev.holdfast.keeper.protocol.lease.LockspacePhase;
import dev.holdfast.keeper.protocol.lease.LockspaceState;
import dev.holdfast.keeper.protocol.lease.MachineLeases;
import dev.holdfast.keeper.protocol.lease.PeerState;
import dev.holdfast.keeper.protocol.lease.RenewalFigures;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** The messages of leases as JSON. */
class LeaseMessagesTest {
  private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");
  private static final UUID MACHINE = new UUID(1, 2);
  private static final Lockspace LOCKSPACE =
      new Lockspace("pool", Path.of("/pool/leases/pool"), 0, 7, "node-7", 10, 512, 1);
  private static final Lease.Sanlock SANLOCK =
      new Lease.Sanlock(
          "pool", "disk", Path.of("/pool/leases/pool"), 3 << 20, LeaseMode.EXCLUSIVE, 4L);
  private static final Lease.Ofd OFD = new Lease.Ofd(Path.of("/pool/disk.lock"), LeaseMode.SHARED);
  private static final HeldLease HELD = new HeldLease(SANLOCK, 7, 3L, 5L, NOW);
  private static final LockspaceState STATE =
      new LockspaceState(
          LOCKSPACE,
          LockspacePhase.LATE,
          3L,
          "the storage does not answer",
          NOW,
          2,
          List.of(new LockspacePeer(8, "node-8", 2, PeerState.FAILING, NOW)),
          new RenewalFigures(9, 1, 12, 30));

  private final ProtocolJson json = new ProtocolJson();

  @Test
  void everyRequestIsReadAsItWasWritten() throws ProtocolException {
    List<Request> requests =
        List.of(
            new Request.FormatLockspace(LOCKSPACE),
            new Request.FormatLease(SANLOCK),
            new Request.JoinLockspace(LOCKSPACE),
            new Request.LeaveLockspace("pool"),
            new Request.ListLockspaces(),
            new Request.AcquireLeases(MACHINE, List.of(SANLOCK, OFD)),
            new Request.ReleaseLeases(MACHINE, true),
            new Request.ListLeases(),
            new Request.Upgrade(List.of("/usr/bin/java", "-version")));
    for (Request request : requests) {
      var line = new Request.Line(1, request);
      assertThat(json.readRequest(json.write(line))).isEqualTo(line);
    }
  }

  @Test
  void everyLineOfTheKeeperIsReadAsItWasWritten() throws ProtocolException {
    var holder = new LeaseHolder(SANLOCK, null, 8, "node-8", 2L, 4L, NOW);
    List<KeeperLine> lines =
        List.of(
            new KeeperLine.ReplyLine(1, new Reply.OneLockspace(STATE)),
            new KeeperLine.ReplyLine(2, new Reply.Lockspaces(List.of(STATE))),
            new KeeperLine.ReplyLine(3, new Reply.Leases(MACHINE, List.of(HELD))),
            new KeeperLine.ReplyLine(
                4, new Reply.AllLeases(List.of(new MachineLeases(MACHINE, List.of(HELD))))),
            new KeeperLine.ReplyLine(
                5, new Reply.Failure(FailureCode.LEASE_HELD, "node-8 has it", holder)),
            new KeeperLine.EventLine(new Event.LockspaceChanged(STATE)),
            new KeeperLine.EventLine(new Event.LeasesLost(MACHINE, List.of(HELD), "no renewal")));
    for (KeeperLine line : lines) {
      assertThat(json.readKeeperLine(json.write(line))).isEqualTo(line);
    }
  }

  @Test
  void namesAreThoseOfTheDocument() {
    String acquire =
        new String(
            json.write(new Request.Line(1, new Request.AcquireLeases(MACHINE, List.of(OFD)))),
            StandardCharsets.UTF_8);
    assertThat(acquire)
        .contains("\"type\":\"acquireLeases\"", "{\"type\":\"ofd\",")
        .contains("\"path\":\"/pool/disk.lock\",\"mode\":\"shared\"");
    String state =
        new String(
            json.write(new KeeperLine.EventLine(new Event.LockspaceChanged(STATE))),
            StandardCharsets.UTF_8);
    assertThat(state).contains("\"phase\":\"late\"", "\"state\":\"failing\"");
  }

  @Test
  void whatNoKeeperCouldDoIsMalformed() {
    assertThatThrownBy(() -> new Lockspace("pool", Path.of("/pool"), 0, 251, "node", 10, 4096, 1))
        .hasMessageContaining("hostId must be from 1 to 250");
    assertThatThrownBy(() -> new Lockspace("pool", Path.of("/pool"), 512, 1, "node", 10, 512, 1))
        .hasMessageContaining("offset must be a multiple of 1 MiB");
    assertThatThrownBy(() -> new Lockspace("pool", Path.of("/pool"), 0, 1, "node", 10, 512, 8))
        .hasMessageContaining("alignMebibytes");
    assertThatThrownBy(
            () -> new Lockspace("x".repeat(49), Path.of("/pool"), 0, 1, "node", 10, 512, 1))
        .hasMessageContaining("1 to 48 visible ASCII");
    assertThatThrownBy(() -> new Request.AcquireLeases(MACHINE, List.of(OFD, OFD)))
        .hasMessageContaining("same place twice");
  }
}
