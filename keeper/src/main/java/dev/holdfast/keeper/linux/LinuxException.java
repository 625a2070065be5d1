package dev.holdfast.keeper.linux;

import com.sun.jna.Native;
import java.io.IOException;

/** A system call that failed, with what it was called for. */
public final class LinuxException extends IOException {
  /** No such process (errno 3 on every architecture). */
  static final int ESRCH = 3;

  static final int EINTR = 4;
  static final int EAGAIN = 11;
  static final int EACCES = 13;
  static final int EINVAL = 22;

  private static final long serialVersionUID = 1L;

  private final int errorNumber;

  LinuxException(String call, int errorNumber) {
    super(call + ": " + LibC.strerror(errorNumber));
    this.errorNumber = errorNumber;
  }

  /** The errno of the call that has just failed on this thread. */
  static LinuxException last(String call) {
    return new LinuxException(call, Native.getLastError());
  }

  public boolean isNoSuchProcess() {
    return errorNumber == ESRCH;
  }
}
