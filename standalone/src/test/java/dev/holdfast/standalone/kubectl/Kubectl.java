package dev.holdfast.standalone.kubectl;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A kubectl of this machine.
 *
 * @param minor of its version: 33 for 1.33
 */
record Kubectl(int minor, Path program) {
  private static final Pattern VERSION = Pattern.compile("\"minor\": \"(\\d+)");

  /**
   * One of each minor version, the newest first: those on the PATH, those beside them (a folder of
   * Google's has several, and a kubectl that chooses one of them, which is left alone) and those in
   * the property kubectl.more, separated by colons.
   */
  static List<Kubectl> all() throws IOException {
    Map<Integer, Kubectl> found = new TreeMap<>(Comparator.reverseOrder());
    String more = System.getProperty("kubectl.more", "");
    for (String name : more.split(":", -1)) {
      add(found, Path.of(name));
    }
    for (String folder : System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1)) {
      Path program = Path.of(folder, "kubectl");
      if (Files.isExecutable(program)) {
        Path real = program.toRealPath();
        List<Path> beside = beside(real);
        (beside.isEmpty() ? List.of(real) : beside).forEach(path -> add(found, path));
      }
    }
    return List.copyOf(found.values());
  }

  private static List<Path> beside(Path program) throws IOException {
    try (Stream<Path> files = Files.list(program.getParent())) {
      return files.filter(file -> file.toString().matches(".*/kubectl\\.1\\.\\d+")).toList();
    }
  }

  private static void add(Map<Integer, Kubectl> found, Path program) {
    if (!Files.isRegularFile(program) || !Files.isExecutable(program)) {
      return;
    }
    try {
      Process process =
          new ProcessBuilder(program.toString(), "version", "--client", "-o", "json").start();
      process.getOutputStream().close();
      Matcher version =
          VERSION.matcher(
              new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
      if (version.find()) {
        int minor = Integer.parseInt(version.group(1));
        found.putIfAbsent(minor, new Kubectl(minor, program));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String version() {
    return "1." + minor;
  }
}
