package dev.holdfast.keeper.protocol;

import com.fasterxml.jackson.annotation.JsonEnumDefaultValue;
import com.fasterxml.jackson.annotation.JsonProperty;

/** Why a request was not done. */
public enum FailureCode {
  /** Not JSON, a field missing or out of its range. Sending it again cannot help. */
  @JsonProperty("malformed")
  MALFORMED,
  /** A newer client asks for what this keeper does not know. */
  @JsonProperty("unknownRequest")
  UNKNOWN_REQUEST,
  /** The first request on a connection must be hello. */
  @JsonProperty("helloRequired")
  HELLO_REQUIRED,
  /** No common protocol version; hello may be said again. */
  @JsonProperty("unsupportedVersion")
  UNSUPPORTED_VERSION,
  /** The machine has a live process. */
  @JsonProperty("alreadyRunning")
  ALREADY_RUNNING,
  /** The machine has no live process (signal), or none that is known (forget). */
  @JsonProperty("noSuchProcess")
  NO_SUCH_PROCESS,
  /** A live process cannot be forgotten, and keeps its leases unless it is paused. */
  @JsonProperty("stillRunning")
  STILL_RUNNING,
  /** The program was not executed; the message has the reason given by setpriv or by the kernel. */
  @JsonProperty("launchFailed")
  LAUNCH_FAILED,
  /** The process is not there, or is not provably the one that was asked for. */
  @JsonProperty("adoptionRefused")
  ADOPTION_REFUSED,
  /** Somebody holds the lease and may live; the failure's holder says who. Ask again later. */
  @JsonProperty("leaseHeld")
  LEASE_HELD,
  /** The lockspace is not joined, or not live: its state says why. Ask again when it is. */
  @JsonProperty("lockspaceNotReady")
  LOCKSPACE_NOT_READY,
  /** Somebody else held the lease since: a machine with memory of the disk must not go on. */
  @JsonProperty("leaseVersionMismatch")
  LEASE_VERSION_MISMATCH,
  /** The storage failed in the midst of acquiring: whose the lease is will be known later. */
  @JsonProperty("leaseUnknown")
  LEASE_UNKNOWN,
  /** What would have to stop the machine if its lease were lost is not in place. */
  @JsonProperty("fencingUnavailable")
  FENCING_UNAVAILABLE,
  /** Machines hold leases in the lockspace; release them first. */
  @JsonProperty("leaseInUse")
  LEASE_IN_USE,
  /** The lockspace is joined under another host id, name, place or geometry; leave it first. */
  @JsonProperty("lockspaceMismatch")
  LOCKSPACE_MISMATCH,
  /**
   * The lease's storage cannot be read or written, or something else is in its place; nothing is
   * held.
   */
  @JsonProperty("leaseStorage")
  LEASE_STORAGE,
  /** Anything else, and every code that this build does not know. */
  @JsonEnumDefaultValue
  @JsonProperty("internal")
  INTERNAL
}
