package dev.holdfast.benchmarks.plane;

import java.util.List;

/** Quantiles of what was measured. */
public final class Samples {
  private Samples() {}

  /** The smallest value that is not below the given part (0 to 1) of all values. */
  public static double quantile(List<Double> values, double part) {
    List<Double> sorted = values.stream().sorted().toList();
    int index = (int) Math.ceil(part * sorted.size()) - 1;
    return sorted.get(Math.clamp(index, 0, sorted.size() - 1));
  }

  public static double median(List<Double> values) {
    return quantile(values, 0.5);
  }
}
