package dev.holdfast.keeper.sanlock.resource;

/** What came of giving a lease up. */
public sealed interface ReleaseResult {
  /**
   * Others may have it now.
   *
   * @param version that we had or tried to get; acquiring with this version expected succeeds only
   *     if nobody had it in between
   */
  record Released(long version) implements ReleaseResult {}

  /** There was nothing to release. */
  record NotHeld() implements ReleaseResult {}

  /**
   * The host id is not ours any more, so nothing could be written; others take the lease as that of
   * a dead host, or of an earlier life.
   */
  record Forfeited(long version) implements ReleaseResult {}
}
