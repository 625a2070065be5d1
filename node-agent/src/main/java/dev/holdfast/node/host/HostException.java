package dev.holdfast.node.host;

/**
 * The host refused or failed. The message says what was tried, on what, why it failed (with the
 * tool's own words) and, where there is one, the remedy.
 */
public final class HostException extends Exception {
  private static final long serialVersionUID = 1;

  private final String reason;

  /**
   * @param reason the cause in CamelCase, as it appears in conditions and events, such as {@code
   *     DiskFull}
   */
  public HostException(String reason, String message) {
    super(message);
    this.reason = reason;
  }

  /**
   * @param reason the cause in CamelCase, as it appears in conditions and events
   */
  public HostException(String reason, String message, Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  /** The cause in CamelCase. */
  public String reason() {
    return reason;
  }
}
