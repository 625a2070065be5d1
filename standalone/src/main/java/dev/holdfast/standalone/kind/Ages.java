package dev.holdfast.standalone.kind;

import java.time.Duration;

/** Durations in few characters: apimachinery, pkg/util/duration, HumanDuration. */
public final class Ages {
  private Ages() {}

  /** {@code 5s}, {@code 3m20s}, {@code 47m}, {@code 2d3h}. */
  public static String of(Duration age) {
    long seconds = age.toSeconds();
    if (seconds < -1) {
      return "<invalid>";
    }
    if (seconds < 0) {
      return "0s";
    }
    if (seconds < 2 * 60) {
      return seconds + "s";
    }
    long minutes = age.toMinutes();
    if (minutes < 10) {
      return minutes + "m" + rest(seconds % 60, "s");
    }
    if (minutes < 3 * 60) {
      return minutes + "m";
    }
    long hours = age.toHours();
    if (hours < 8) {
      return hours + "h" + rest(minutes % 60, "m");
    }
    if (hours < 2 * 24) {
      return hours + "h";
    }
    long days = age.toDays();
    if (days < 8) {
      return days + "d" + rest(hours % 24, "h");
    }
    if (days < 2 * 365) {
      return days + "d";
    }
    return days / 365 + "y" + (days < 8 * 365 ? rest(days % 365, "d") : "");
  }

  private static String rest(long amount, String unit) {
    return amount == 0 ? "" : amount + unit;
  }
}
