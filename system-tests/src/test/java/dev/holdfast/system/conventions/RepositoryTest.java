package dev.holdfast.system.conventions;

import static java.util.stream.Collectors.groupingBy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.holdfast.system.Checkout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What a reader of the repository may rely on. */
class RepositoryTest {
  private static final int MOST_LINES = 400;
  private static final int MOST_CLASSES = 15;

  private static final Pattern VERSION_PROPERTY = Pattern.compile("<([a-z0-9-]+)\\.version>");
  private static final Pattern UNFINISHED = Pattern.compile("\\b(TODO|FIXME|XXX)\\b");
  private static final Pattern MODULE_FOLDERS = Pattern.compile(".*/(target|\\.git)(/.*)?");
  private static final Set<String> WRITTEN_BY_PEOPLE =
      Set.of("java", "xml", "yaml", "yml", "md", "sh", "tpl", "properties");

  @Test
  void noClassIsLongerThanOneCanRead() {
    List<String> tooLong =
        mainSources()
            .map(file -> Map.entry(file, Checkout.read(file).lines().count()))
            .filter(entry -> entry.getValue() > MOST_LINES)
            .map(entry -> name(entry.getKey()) + ": " + entry.getValue() + " lines")
            .toList();
    assertThat(tooLong)
        .as("files of more than %d lines; look for the idea that is missing in them", MOST_LINES)
        .isEmpty();
  }

  @Test
  void noPackageHasMoreClassesThanOneCanRemember() {
    List<String> tooLarge =
        mainSources()
            .filter(file -> !file.endsWith("package-info.java"))
            .collect(groupingBy(Path::getParent))
            .entrySet()
            .stream()
            .filter(entry -> entry.getValue().size() > MOST_CLASSES)
            .map(entry -> name(entry.getKey()) + ": " + entry.getValue().size() + " classes")
            .sorted()
            .toList();
    assertThat(tooLarge).as("packages of more than %d classes", MOST_CLASSES).isEmpty();
  }

  @Test
  void everyDependencyHasItsReason() {
    Path reasons = Checkout.ROOT.resolve("docs/dependencies.md");
    assumeTrue(Files.exists(reasons), "docs/dependencies.md is not written yet");
    String text = Checkout.read(reasons);
    List<String> missing =
        VERSION_PROPERTY
            .matcher(Checkout.read(Checkout.ROOT.resolve("pom.xml")))
            .results()
            .map(match -> match.group(1))
            .filter(name -> !text.contains(name))
            .toList();
    assertThat(missing)
        .as("versions in pom.xml whose name (without .version) is not in docs/dependencies.md")
        .isEmpty();
  }

  @Test
  void nothingIsLeftForLaterInComments() {
    Path self = Path.of("RepositoryTest.java");
    List<String> unfinished =
        filesUnder(Checkout.ROOT)
            .filter(file -> !file.endsWith(self))
            .filter(file -> UNFINISHED.matcher(Checkout.read(file)).find())
            .map(RepositoryTest::name)
            .toList();
    assertThat(unfinished)
        .as("files with %s; do it, or write an issue", UNFINISHED.pattern())
        .isEmpty();
  }

  private static Stream<Path> mainSources() {
    return Checkout.modules().stream().flatMap(module -> Checkout.mainSources(module).stream());
  }

  /** Text files below a folder, without what builds make. */
  private static Stream<Path> filesUnder(Path folder) {
    return Checkout.files(folder, path -> !MODULE_FOLDERS.matcher(path.toString()).matches())
        .stream()
        .filter(file -> WRITTEN_BY_PEOPLE.contains(extension(file)));
  }

  private static String extension(Path file) {
    String name = file.getFileName().toString();
    return name.substring(name.lastIndexOf('.') + 1);
  }

  private static String name(Path file) {
    return Checkout.ROOT.relativize(file).toString();
  }
}
