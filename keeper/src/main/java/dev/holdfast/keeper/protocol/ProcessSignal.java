package dev.holdfast.keeper.protocol;

/**
 * The signals that a client may send, with their numbers of signal(7), equal on every architecture
 * QEMU/KVM runs on.
 */
public enum ProcessSignal {
  TERM(15),
  KILL(9),
  STOP(19),
  CONT(18);

  private final int number;

  ProcessSignal(int number) {
    this.number = number;
  }

  public int number() {
    return number;
  }
}
