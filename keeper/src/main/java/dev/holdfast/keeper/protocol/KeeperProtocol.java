package dev.holdfast.keeper.protocol;

/** Constants of the protocol that PROTOCOL.md describes. */
public final class KeeperProtocol {
  /**
   * Version spoken by this build. It grows only when an older peer would misunderstand; new fields
   * and new messages do not change it.
   */
  public static final int VERSION = 1;

  /**
   * Longest line either side sends, in bytes without the line feed. A QEMU with many devices has a
   * command line of about 20 KiB.
   */
  public static final int LONGEST_LINE_BYTES = 512 * 1024;

  private KeeperProtocol() {}
}
