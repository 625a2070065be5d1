package dev.holdfast.keeper.protocol.lease;

/**
 * How renewing went since this keeper joined the lockspace.
 *
 * @param renewals those that succeeded
 * @param failures those that did not
 * @param lastLatencyMillis reading the area and writing the record, at the last renewal
 * @param longestLatencyMillis the longest of them
 */
public record RenewalFigures(
    long renewals, long failures, long lastLatencyMillis, long longestLatencyMillis) {
  public static final RenewalFigures NONE = new RenewalFigures(0, 0, 0, 0);
}
