package dev.holdfast.node.execute;

import dev.holdfast.node.host.HostException;
import dev.holdfast.node.plan.Action;
import dev.holdfast.node.plan.Subject;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One record for each action, on the logger {@code holdfast.audit}. */
public final class AuditLog {
  private static final Logger LOG = LoggerFactory.getLogger("holdfast.audit");

  void done(Subject subject, Action action, long nanos) {
    LOG.atInfo()
        .addKeyValue("subject", subject)
        .addKeyValue("action", action.getClass().getSimpleName())
        .addKeyValue("millis", nanos / 1_000_000)
        .addKeyValue("outcome", "done")
        .log("{}", action);
  }

  void failed(Subject subject, Action action, long nanos, HostException failure) {
    LOG.atWarn()
        .addKeyValue("subject", subject)
        .addKeyValue("action", action.getClass().getSimpleName())
        .addKeyValue("millis", nanos / 1_000_000)
        .addKeyValue("outcome", failure.reason())
        .log("{}: {}", action, failure.getMessage());
  }
}
