package dev.holdfast.system;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** The repository that the tests run in. */
public final class Checkout {
  /** The root of the repository. */
  public static final Path ROOT = find();

  private Checkout() {}

  /** Names of the modules, as the parent lists them. */
  public static List<String> modules() {
    return read(ROOT.resolve("pom.xml"))
        .lines()
        .map(String::strip)
        .filter(line -> line.startsWith("<module>"))
        .map(line -> line.substring("<module>".length(), line.indexOf("</module>")))
        .toList();
  }

  /** Java files of a module's own code, without its tests; none if it has no such code. */
  public static List<Path> mainSources(String module) {
    Path folder = ROOT.resolve(module).resolve("src/main/java");
    return Files.isDirectory(folder)
        ? files(folder, _ -> true).stream()
            .filter(file -> file.toString().endsWith(".java"))
            .toList()
        : List.of();
  }

  /** Files below a folder, sorted, without those in folders that are not wanted. */
  public static List<Path> files(Path root, Predicate<Path> wantedFolder) {
    List<Path> found = new ArrayList<>();
    try {
      Files.walkFileTree(
          root,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
              return wantedFolder.test(folder)
                  ? FileVisitResult.CONTINUE
                  : FileVisitResult.SKIP_SUBTREE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
              if (attributes.isRegularFile()) {
                found.add(file);
              }
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      throw new UncheckedIOException("cannot list " + root, e);
    }
    found.sort(null);
    return List.copyOf(found);
  }

  public static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + file, e);
    }
  }

  /** Surefire runs in the module's folder, an IDE often in the root. */
  private static Path find() {
    Path folder = Path.of("").toAbsolutePath();
    while (folder != null) {
      if (Files.exists(folder.resolve("holdfast"))
          && Files.exists(folder.resolve("crds/manifests"))) {
        return folder;
      }
      folder = folder.getParent();
    }
    throw new IllegalStateException(
        "the tests must run inside a checkout of Holdfast, not in " + Path.of("").toAbsolutePath());
  }
}
