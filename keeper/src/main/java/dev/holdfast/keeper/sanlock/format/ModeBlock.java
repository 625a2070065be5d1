package dev.holdfast.keeper.sanlock.format;

/**
 * How a host holds a resource, beside its ballot block; an exclusive owner is told by the leader
 * record alone.
 *
 * @param shared whether the host holds it shared
 * @param generation the host's life in which it does; 0 when it does not
 */
public record ModeBlock(boolean shared, long generation) {
  public static final ModeBlock NONE = new ModeBlock(false, 0);

  static final int OFFSET = 128;
  static final int SHARED = 0x1;
}
