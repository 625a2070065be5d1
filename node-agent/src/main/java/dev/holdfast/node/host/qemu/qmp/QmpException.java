package dev.holdfast.node.host.qemu.qmp;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A monitor refused a command, or could not be asked. */
public final class QmpException extends IOException {
  private static final long serialVersionUID = 1;

  /** What went wrong, as far as a caller may want to act on it. */
  public enum Kind {
    /** QEMU answered with an error; the message is its own. */
    REFUSED,
    /** No answer in time. The command may still be executed. */
    TIMED_OUT,
    /** Nobody listens on the socket, or the connection has ended. */
    DISCONNECTED,
    /** What came is not the protocol. The connection is closed. */
    MALFORMED
  }

  private final Kind kind;

  public QmpException(Kind kind, String message) {
    this(kind, message, null);
  }

  QmpException(Kind kind, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }
}
