package dev.holdfast.node.plan;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is to be done for one subject.
 *
 * @param actions in this order; the first that fails ends the task
 * @param blocked why the subject cannot converge by these actions alone, or null
 * @param released whether the subject was given up and nothing of it is left on the host
 */
public record Task(
    Subject subject, List<Action> actions, @Nullable Blocked blocked, boolean released) {

  public Task {
    actions = List.copyOf(actions);
  }

  static Task of(Subject subject, List<Action> actions) {
    return new Task(subject, actions, null, false);
  }

  static Task blocked(Subject subject, String reason, String message) {
    return new Task(subject, List.of(), new Blocked(reason, message), false);
  }

  static Task release(Subject subject) {
    return new Task(subject, List.of(), null, true);
  }

  /**
   * An obstacle that something else must remove.
   *
   * @param reason in CamelCase
   * @param message what is missing and what to do about it
   */
  public record Blocked(String reason, String message) {
    /** Reason: a lease is in a lockspace that this host is not, or not for sure, in. */
    public static final String LOCKSPACE_NOT_READY = "LockspaceNotReady";

    /** Reason: nobody knows which version of its lease a guest that stands still has had. */
    public static final String LEASE_VERSION_UNKNOWN = "LeaseVersionUnknown";
  }
}
