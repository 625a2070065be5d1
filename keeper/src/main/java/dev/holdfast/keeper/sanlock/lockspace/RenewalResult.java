package dev.holdfast.keeper.sanlock.lockspace;

/** What came of a renewal. */
public sealed interface RenewalResult {
  /**
   * The next is due in {@link LeaseTimes#renewal()}.
   *
   * @param requested whether another host wants to be heard: one of our leases may have a request
   */
  record Renewed(Membership membership, boolean requested) implements RenewalResult {}

  /**
   * The host id is lost for good: end at once what holds leases, then join again.
   *
   * @param reason what was found
   */
  record Lost(String reason) implements RenewalResult {}
}
