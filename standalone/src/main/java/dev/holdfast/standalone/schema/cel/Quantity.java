package dev.holdfast.standalone.schema.cel;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Map;
import java.util.Optional;

/**
 * An amount such as {@code 10Gi} or {@code 500m}, as apimachinery's resource.Quantity reads it:
 * precise to a nano, rounded up.
 */
public record Quantity(BigDecimal value) implements Comparable<Quantity> {
  private static final Pattern SYNTAX =
      Pattern.compile("([+-]?)([0-9]+\\.?[0-9]*|\\.[0-9]+)([a-zA-Z]*)([+-]?[0-9]*)");
  private static final int NANO = 9;
  private static final Map<String, BigDecimal> SUFFIXES =
      Map.ofEntries(
          Map.entry("n", BigDecimal.ONE.movePointLeft(9)),
          Map.entry("u", BigDecimal.ONE.movePointLeft(6)),
          Map.entry("m", BigDecimal.ONE.movePointLeft(3)),
          Map.entry("", BigDecimal.ONE),
          Map.entry("k", BigDecimal.ONE.movePointRight(3)),
          Map.entry("M", BigDecimal.ONE.movePointRight(6)),
          Map.entry("G", BigDecimal.ONE.movePointRight(9)),
          Map.entry("T", BigDecimal.ONE.movePointRight(12)),
          Map.entry("P", BigDecimal.ONE.movePointRight(15)),
          Map.entry("E", BigDecimal.ONE.movePointRight(18)),
          Map.entry("Ki", BigDecimal.valueOf(1L << 10)),
          Map.entry("Mi", BigDecimal.valueOf(1L << 20)),
          Map.entry("Gi", BigDecimal.valueOf(1L << 30)),
          Map.entry("Ti", BigDecimal.valueOf(1L << 40)),
          Map.entry("Pi", BigDecimal.valueOf(1L << 50)),
          Map.entry("Ei", BigDecimal.valueOf(1L << 60)));

  public Quantity {
    value = value.setScale(NANO, RoundingMode.UP);
  }

  /** Empty where the text is not a quantity. */
  public static Optional<Quantity> parse(String text) {
    Matcher matcher = SYNTAX.matcher(text);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    BigDecimal number = new BigDecimal(number(matcher));
    String suffix = matcher.group(3);
    String exponent = matcher.group(4);
    if (!exponent.isEmpty()) {
      boolean scientific = suffix.equals("e") || suffix.equals("E");
      if (!scientific || exponent.length() > 4 || exponent.matches("[+-]")) {
        return Optional.empty();
      }
      return Optional.of(new Quantity(number.scaleByPowerOfTen(Integer.parseInt(exponent))));
    }
    return Optional.ofNullable(SUFFIXES.get(suffix))
        .map(factor -> new Quantity(number.multiply(factor)));
  }

  private static String number(Matcher matcher) {
    String digits = matcher.group(2);
    if (digits.startsWith(".")) {
      digits = "0" + digits;
    }
    if (digits.endsWith(".")) {
      digits += "0";
    }
    return matcher.group(1) + digits;
  }

  /** Whether it is a whole number of 64 bits. */
  public boolean isInteger() {
    try {
      return value.longValueExact() == value.longValue();
    } catch (ArithmeticException e) {
      return false;
    }
  }

  public Quantity plus(Quantity other) {
    return new Quantity(value.add(other.value));
  }

  public Quantity minus(Quantity other) {
    return new Quantity(value.subtract(other.value));
  }

  public static Quantity of(long value) {
    return new Quantity(BigDecimal.valueOf(value));
  }

  @Override
  public int compareTo(Quantity other) {
    return value.compareTo(other.value);
  }
}
