package dev.holdfast.keeper.sanlock.dump;

import dev.holdfast.keeper.sanlock.dump.LeaseDump.Host;
import dev.holdfast.keeper.sanlock.dump.LeaseDump.LockspaceArea;
import dev.holdfast.keeper.sanlock.dump.LeaseDump.Owner;
import dev.holdfast.keeper.sanlock.dump.LeaseDump.ResourceArea;
import dev.holdfast.keeper.sanlock.format.Geometry;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A dump as people read it. */
public final class DumpTable {
  private DumpTable() {}

  public static void print(LeaseDump dump, PrintWriter out) {
    for (LockspaceArea lockspace : dump.lockspaces()) {
      out.printf(
          "Lockspace %s at %d (%s)%n",
          lockspace.name(), lockspace.offset(), sizes(lockspace.geometry()));
      List<List<String>> rows = new ArrayList<>();
      rows.add(List.of("HOST-ID", "HOST", "GENERATION", "IO-TIMEOUT", "STATE"));
      lockspace.hosts().forEach(host -> rows.add(row(host)));
      table(rows, out);
      out.println();
    }
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("OFFSET", "LOCKSPACE", "RESOURCE", "STATE", "VERSION", "OWNER", "SHARED-BY"));
    dump.resources().forEach(resource -> rows.add(row(resource)));
    if (rows.size() > 1) {
      table(rows, out);
    }
    if (dump.lockspaces().isEmpty() && dump.resources().isEmpty()) {
      out.println("No lockspace and no resource was found.");
    }
    dump.problems().forEach(problem -> out.println("damaged: " + problem));
    out.flush();
  }

  private static String sizes(Geometry geometry) {
    return "sectors of %d bytes, areas of %d MiB"
        .formatted(geometry.sectorSize(), geometry.alignMebibytes());
  }

  private static List<String> row(Host host) {
    return List.of(
        Integer.toString(host.hostId()),
        host.name(),
        Long.toString(host.generation()),
        host.ioTimeoutSeconds() + "s",
        host.timestamp() == 0 ? "released" : "renewed at " + host.timestamp());
  }

  private static List<String> row(ResourceArea resource) {
    return List.of(
        Long.toString(resource.offset()),
        resource.lockspace(),
        resource.name(),
        switch (resource.state()) {
          case FREE -> "free";
          case EXCLUSIVE -> "exclusive";
          case SHARED -> "shared";
          case CLEARED -> "cleared";
        },
        Long.toString(resource.version()),
        text(resource.owner()),
        resource.sharedBy().stream().map(DumpTable::text).collect(Collectors.joining(" ")));
  }

  /** A host id with its generation, as in {@code 3/12}. */
  private static String text(@Nullable Owner owner) {
    return owner == null ? "-" : owner.hostId() + "/" + owner.generation();
  }

  private static void table(List<List<String>> rows, PrintWriter out) {
    int columns = rows.getFirst().size();
    int[] widths = new int[columns];
    for (List<String> row : rows) {
      for (int column = 0; column < columns; column++) {
        widths[column] = Math.max(widths[column], row.get(column).length());
      }
    }
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int column = 0; column < columns; column++) {
        line.append(row.get(column)).repeat(" ", widths[column] - row.get(column).length() + 3);
      }
      out.println(line.toString().stripTrailing());
    }
  }
}
