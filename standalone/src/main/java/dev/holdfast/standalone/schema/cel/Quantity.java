package dev.holdfast.standalone.schema.cel;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import java.math.BigDecimal;
import java.math.RoundingMode;

/**
 * An amount such as {@code 10Gi} or {@code 500m}, as apimachinery's resource.Quantity reads it:
 * precise to a nano, rounded up.
 */
record Quantity(BigDecimal value) implements Comparable<Quantity> {
  private static final Pattern SYNTAX =
      Pattern.compile(
          "([+-]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+))"
              + "(?:[eE]([+-]?[0-9]{1,3})|([KMGTPE])i|([numkMGTPE]?))");
  private static final int NANO = 9;

  Quantity {
    value = value.setScale(NANO, RoundingMode.UP);
  }

  /**
   * Reads one.
   *
   * @throws IllegalArgumentException when the text is not a quantity
   */
  static Quantity parse(String text) {
    Matcher matcher = SYNTAX.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "quantities must match the regular expression"
              + " '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
    }
    BigDecimal number = new BigDecimal(matcher.group(1));
    String exponent = matcher.group(2);
    String binary = matcher.group(3);
    if (exponent != null) {
      number = number.scaleByPowerOfTen(Integer.parseInt(exponent));
    } else if (binary != null) {
      number = number.multiply(BigDecimal.valueOf(1L << (10 * ("KMGTPE".indexOf(binary) + 1))));
    } else if (!matcher.group(4).isEmpty()) {
      number = number.scaleByPowerOfTen(3 * ("num kMGTPE".indexOf(matcher.group(4)) - 3));
    }
    return new Quantity(number);
  }

  @Override
  public int compareTo(Quantity other) {
    return value.compareTo(other.value);
  }
}
