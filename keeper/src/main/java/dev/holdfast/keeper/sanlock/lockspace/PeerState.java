package dev.holdfast.keeper.sanlock.lockspace;

/** What we know of the life of a host. */
public enum PeerState {
  /** It has released its host id, or nobody ever had it. */
  FREE,
  /** Seen only now: it may be alive. */
  UNKNOWN,
  /** Its record has changed a short time ago. */
  LIVE,
  /** It should be ending what holds leases by now; nobody may take them yet. */
  FAILING,
  /** Everything that held its leases is surely gone. */
  DEAD
}
