package dev.holdfast.standalone.kind;

import java.time.Duration;

/** Durations in few characters: apimachinery, pkg/util/duration, HumanDuration. */
public final class Ages {
  private static final long MINUTE = 60;
  private static final long HOUR = 60 * MINUTE;
  private static final long DAY = 24 * HOUR;
  private static final long YEAR = 365 * DAY;

  private Ages() {}

  /** {@code 5s}, {@code 3m20s}, {@code 47m}, {@code 2d3h}. */
  public static String of(Duration age) {
    long seconds = age.toSeconds();
    if (seconds < 2 * MINUTE) {
      return seconds < -1 ? "<invalid>" : Math.max(0, seconds) + "s";
    } else if (seconds < 3 * HOUR) {
      return seconds / MINUTE + "m" + (seconds < 10 * MINUTE ? rest(seconds % MINUTE, "s") : "");
    } else if (seconds < 2 * DAY) {
      return seconds / HOUR + "h" + (seconds < 8 * HOUR ? rest(seconds % HOUR / MINUTE, "m") : "");
    } else if (seconds < 2 * YEAR) {
      return seconds / DAY + "d" + (seconds < 8 * DAY ? rest(seconds % DAY / HOUR, "h") : "");
    }
    return seconds / YEAR + "y" + (seconds < 8 * YEAR ? rest(seconds % YEAR / DAY, "d") : "");
  }

  private static String rest(long amount, String unit) {
    return amount == 0 ? "" : amount + unit;
  }
}
