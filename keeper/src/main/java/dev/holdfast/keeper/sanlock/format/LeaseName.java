package dev.holdfast.keeper.sanlock.format;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Names of lockspaces, resources and hosts: 48 bytes, filled up with zeros.
 *
 * <p>They are read as ISO 8859-1, in which different bytes are always different names.
 */
public final class LeaseName {
  /** The longest name, in bytes. */
  public static final int LONGEST = 48;

  private LeaseName() {}

  /**
   * What we write ourselves: 1 to 48 visible ASCII characters. Colons and spaces are allowed on
   * disk but divide the words of sanlock's commands, so we never write them.
   *
   * @return the name
   * @throws IllegalArgumentException for any other
   */
  public static String check(String name) {
    boolean visible = name.chars().allMatch(each -> each > ' ' && each < 0x7f && each != ':');
    if (name.isEmpty() || name.length() > LONGEST || !visible) {
      throw new IllegalArgumentException(
          "'%s' is not a name of 1 to %d visible ASCII characters without a colon"
              .formatted(name, LONGEST));
    }
    return name;
  }

  static String read(ByteBuffer from, int offset) {
    byte[] bytes = new byte[LONGEST];
    from.get(offset, bytes);
    int length = 0;
    while (length < LONGEST && bytes[length] != 0) {
      length++;
    }
    return new String(bytes, 0, length, StandardCharsets.ISO_8859_1);
  }

  static void write(ByteBuffer to, int offset, String name) {
    byte[] bytes = name.getBytes(StandardCharsets.ISO_8859_1);
    to.put(offset, Arrays.copyOf(bytes, LONGEST));
  }
}
