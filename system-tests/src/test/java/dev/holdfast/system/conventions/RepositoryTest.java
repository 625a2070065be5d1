package dev.holdfast.system.conventions;

import static java.util.Objects.requireNonNull;
import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toMap;
import static java.util.stream.Collectors.toSet;
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

  /**
   * What was larger when the limits came, and how large it is: it may only shrink, and leaves this
   * list when it fits.
   */
  private static final Map<String, Long> STILL_LARGER = Map.of();

  private static final Pattern VERSION_PROPERTY = Pattern.compile("<([a-z0-9-]+)\\.version>");
  private static final Pattern USED_COMMAND = Pattern.compile("\\./holdfast ([a-z][a-z-]*)");
  private static final Pattern COMMAND_NAME =
      Pattern.compile("@Command\\(\\s*name = \"([a-z-]+)\"");
  private static final Pattern SCRIPT_COMMAND = Pattern.compile("(?m)^ +([a-z-]+)\\)$");
  private static final Pattern UNFINISHED = Pattern.compile("\\b(TODO|FIXME|XXX)\\b");
  private static final Pattern BUILT_OR_HIDDEN = Pattern.compile(".*/(target|\\.git)(/.*)?");
  private static final Set<String> WRITTEN_BY_PEOPLE =
      Set.of("java", "xml", "yaml", "yml", "md", "sh", "tpl", "properties");

  @Test
  void noClassIsLongerThanOneCanRead() {
    assertThat(larger(lines(), MOST_LINES))
        .as("files of more than %d lines; look for the idea that is missing in them", MOST_LINES)
        .isEmpty();
  }

  @Test
  void noPackageHasMoreClassesThanOneCanRemember() {
    assertThat(larger(classes(), MOST_CLASSES))
        .as("packages of more than %d classes; look for the one that hides in them", MOST_CLASSES)
        .isEmpty();
  }

  @Test
  void whatFitsTheLimitsByNowIsNoExceptionAnyMore() {
    Map<String, Long> lines = lines();
    Map<String, Long> classes = classes();
    assertThat(STILL_LARGER.keySet())
        .as("exceptions in this test that are not needed")
        .allMatch(
            name ->
                lines.getOrDefault(name, 0L) > MOST_LINES
                    || classes.getOrDefault(name, 0L) > MOST_CLASSES);
  }

  @Test
  void everyDependencyHasItsReason() {
    Path reasons = Checkout.ROOT.resolve("docs/dependencies.md");
    assumeTrue(Files.exists(reasons), "docs/dependencies.md is not written yet");
    String text = Checkout.read(reasons);
    List<String> missing =
        names(VERSION_PROPERTY, Checkout.read(Checkout.ROOT.resolve("pom.xml")))
            .filter(name -> !text.contains(name))
            .toList();
    assertThat(missing)
        .as("versions in pom.xml whose name (without .version) is not in docs/dependencies.md")
        .isEmpty();
  }

  @Test
  void everyCommandInTheReadmeExists() {
    Path readme = Checkout.ROOT.resolve("README.md");
    assumeTrue(Files.exists(readme), "README.md is not written yet");
    Set<String> commands =
        Stream.concat(
                mainSources().map(Checkout::read).flatMap(text -> names(COMMAND_NAME, text)),
                names(SCRIPT_COMMAND, Checkout.read(Checkout.ROOT.resolve("holdfast"))))
            .collect(toSet());
    assertThat(names(USED_COMMAND, Checkout.read(readme)))
        .as("commands after ./holdfast in README.md")
        .isNotEmpty()
        .isSubsetOf(commands);
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

  /** Names with their sizes, where they are over the limit and over their own exception. */
  private static List<String> larger(Map<String, Long> sizes, long limit) {
    return sizes.entrySet().stream()
        .filter(entry -> entry.getValue() > STILL_LARGER.getOrDefault(entry.getKey(), limit))
        .map(entry -> entry.getKey() + ": " + entry.getValue())
        .sorted()
        .toList();
  }

  private static Map<String, Long> lines() {
    return mainSources()
        .collect(toMap(RepositoryTest::name, file -> Checkout.read(file).lines().count()));
  }

  private static Map<String, Long> classes() {
    return mainSources()
        .filter(file -> !file.endsWith("package-info.java"))
        .collect(groupingBy(file -> packageName(file), counting()));
  }

  private static Stream<Path> mainSources() {
    return Checkout.modules().stream().flatMap(module -> Checkout.mainSources(module).stream());
  }

  /** Text files below a folder, without what builds make. */
  private static Stream<Path> filesUnder(Path folder) {
    return Checkout.files(folder, path -> !BUILT_OR_HIDDEN.matcher(path.toString()).matches())
        .stream()
        .filter(file -> WRITTEN_BY_PEOPLE.contains(extension(file)));
  }

  private static Stream<String> names(Pattern pattern, String text) {
    return pattern.matcher(text).results().map(match -> match.group(1));
  }

  private static String extension(Path file) {
    String name = file.getFileName().toString();
    return name.substring(name.lastIndexOf('.') + 1);
  }

  private static String packageName(Path file) {
    return name(requireNonNull(file.getParent()));
  }

  private static String name(Path file) {
    return Checkout.ROOT.relativize(file).toString();
  }
}
