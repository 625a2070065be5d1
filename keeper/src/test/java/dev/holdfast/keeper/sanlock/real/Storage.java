package dev.holdfast.keeper.sanlock.real;

import dev.holdfast.keeper.sanlock.format.Geometry;
import dev.holdfast.keeper.sanlock.format.LockspaceLayout;
import dev.holdfast.keeper.sanlock.format.ResourceLayout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** A file with a lockspace and a resource behind it, as we make them. */
final class Storage {
  private Storage() {}

  static Path with(Path directory, String lockspace, String resource) throws IOException {
    Geometry geometry = Geometry.DEFAULT;
    int area = geometry.areaBytes();
    byte[] bytes = Arrays.copyOf(LockspaceLayout.blank(geometry, lockspace, 1), 2 * area);
    System.arraycopy(ResourceLayout.blank(geometry, lockspace, resource), 0, bytes, area, area);
    return Files.write(directory.resolve("storage"), bytes);
  }
}
