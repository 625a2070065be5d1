package dev.holdfast.keeper.server;

import dev.holdfast.keeper.process.KeeperRefusal;
import dev.holdfast.keeper.process.ProcessTable;
import dev.holdfast.keeper.protocol.Reply;
import dev.holdfast.keeper.protocol.Request;

/** Does what is asked for. */
record Answers(ProcessTable processes, Leases leases, Upgrade upgrade) {
  Reply to(Request request) {
    try {
      if (request instanceof Request.Upgrade asked) {
        upgrade.prepare(asked.command());
        return new Reply.Done();
      }
      upgrade.begin();
      try {
        return answer(request);
      } finally {
        upgrade.end();
      }
    } catch (KeeperRefusal refusal) {
      return new Reply.Failure(
          refusal.code(), String.valueOf(refusal.getMessage()), refusal.holder());
    }
  }

  private Reply answer(Request request) throws KeeperRefusal {
    return switch (request) {
      case Request.Hello _ -> new Reply.Done();
      case Request.Launch launch -> new Reply.OneProcess(leases.machines().launch(launch));
      case Request.ListProcesses _ -> new Reply.Processes(processes.list());
      case Request.Adopt adopt -> new Reply.OneProcess(leases.machines().adopt(adopt));
      case Request.SendSignal signal -> {
        processes.signal(signal.machineId(), signal.signal());
        yield new Reply.Done();
      }
      case Request.Forget forget -> {
        processes.forget(forget.machineId());
        yield new Reply.Done();
      }
      case Request.FormatLockspace format -> {
        leases.lockspaces().format(format.lockspace());
        yield new Reply.Done();
      }
      case Request.FormatLease format -> {
        leases.lockspaces().format(format.lease());
        yield new Reply.Done();
      }
      case Request.JoinLockspace join ->
          new Reply.OneLockspace(leases.lockspaces().join(join.lockspace()));
      case Request.LeaveLockspace leave -> {
        leases.lockspaces().leave(leave.name());
        yield new Reply.Done();
      }
      case Request.ListLockspaces _ -> new Reply.Lockspaces(leases.lockspaces().list());
      case Request.AcquireLeases acquire ->
          new Reply.Leases(acquire.machineId(), leases.machines().acquire(acquire));
      case Request.ReleaseLeases release ->
          new Reply.Leases(release.machineId(), leases.machines().release(release));
      case Request.ListLeases _ -> new Reply.AllLeases(leases.table().list());
      case Request.Upgrade _ -> throw new IllegalStateException("it has an order of its own");
    };
  }
}
