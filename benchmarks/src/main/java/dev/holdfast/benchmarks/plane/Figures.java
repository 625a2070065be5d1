package dev.holdfast.benchmarks.plane;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What was measured, for each control plane and round; shown as medians, side by side. */
final class Figures {
  private final List<String> planes;
  private final Map<Figure, Map<String, List<Double>>> values = new LinkedHashMap<>();

  Figures(List<String> planes) {
    this.planes = planes;
  }

  /** Which way is better. */
  enum Better {
    MORE,
    LESS
  }

  private record Figure(String name, String unit, Better better) {}

  void add(String name, String unit, Better better, Plane plane, double value) {
    values
        .computeIfAbsent(new Figure(name, unit, better), figure -> new LinkedHashMap<>())
        .computeIfAbsent(plane.name(), key -> new ArrayList<>())
        .add(value);
  }

  /** How many times as good the first control plane is as the second; above 1 is better. */
  private double ratio(Figure figure) {
    double first = median(figure, planes.getFirst());
    double second = median(figure, planes.getLast());
    return switch (figure.better()) {
      case MORE -> first / second;
      case LESS -> second / first;
    };
  }

  private double median(Figure figure, String plane) {
    return Samples.median(values.getOrDefault(figure, Map.of()).getOrDefault(plane, List.of()));
  }

  /** Nothing can be said without a second one, or of differences that may be below zero. */
  private boolean comparable(Figure figure) {
    return planes.size() > 1
        && median(figure, planes.getFirst()) > 0
        && median(figure, planes.getLast()) > 0;
  }

  void print(PrintStream out) {
    out.printf("%n%-46s", "medians");
    planes.forEach(plane -> out.printf(" %12s", plane));
    out.println(planes.size() > 1 ? "  times as good" : "");
    for (Figure figure : values.keySet()) {
      out.printf("%-60s", figure.name() + ", " + figure.unit());
      planes.forEach(plane -> out.printf(" %12.2f", median(figure, plane)));
      out.println(comparable(figure) ? " %14.2f".formatted(ratio(figure)) : "");
    }
  }

  /**
   * Writes all values.
   *
   * @param run what else to say of the run; becomes part of the document
   */
  void write(Path file, ObjectNode run) throws IOException {
    var figures = run.putArray("figures");
    values.forEach(
        (figure, all) -> {
          ObjectNode entry =
              figures
                  .addObject()
                  .put("name", figure.name())
                  .put("unit", figure.unit())
                  .put("better", figure.better().name().toLowerCase(Locale.ROOT));
          if (comparable(figure)) {
            entry.put("timesAsGood", ratio(figure));
          }
          all.forEach(
              (plane, rounds) -> {
                ObjectNode of = entry.putObject(plane).put("median", Samples.median(rounds));
                var list = of.putArray("rounds");
                rounds.forEach(list::add);
              });
        });
    new ObjectMapper().writerWithDefaultPrettyPrinter().writeValue(file.toFile(), run);
  }
}
