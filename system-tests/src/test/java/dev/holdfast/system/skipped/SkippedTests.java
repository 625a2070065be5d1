package dev.holdfast.system.skipped;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/**
 * Prints every test that the build of all modules skipped, with its reason: what a machine lacks
 * must not make a build look more tested than it is. It reads the reports that Surefire leaves in
 * every module, so that no module needs a listener of its own.
 */
public final class SkippedTests {
  /** What JUnit puts before the reason that a test gave. */
  private static final Pattern ASSUMPTION =
      Pattern.compile("^\\s*(org\\.opentest4j\\.TestAbortedException: )?(Assumption failed: )?");

  private static final Pattern STACK_FRAME = Pattern.compile("\\R\\s+at ");

  private SkippedTests() {}

  /**
   * Runs in the last module.
   *
   * @param arguments the root of the checkout, and when the build started in ISO 8601: older
   *     reports are of other builds
   */
  public static void main(String[] arguments) throws IOException {
    Path root = Path.of(arguments[0]);
    Set<String> skipped = in(root, Instant.parse(arguments[1]));
    System.out.println(
        skipped.isEmpty()
            ? "SKIPPED nothing: this machine could run every test"
            : "SKIPPED for what this machine lacks:");
    skipped.forEach(line -> System.out.println("SKIPPED " + line));
  }

  /** A line for each test, and for each class without any; sorted. */
  static Set<String> in(Path root, Instant buildStart) throws IOException {
    Set<String> lines = new TreeSet<>();
    try (Stream<Path> modules = Files.list(root)) {
      for (Path module : modules.toList()) {
        Path reports = module.resolve("target/surefire-reports");
        if (Files.isDirectory(reports)) {
          addModule(reports, buildStart, lines);
        }
      }
    }
    return lines;
  }

  private static void addModule(Path reports, Instant buildStart, Set<String> lines)
      throws IOException {
    try (Stream<Path> files = Files.list(reports)) {
      for (Path file : files.filter(SkippedTests::isReport).toList()) {
        if (!Files.getLastModifiedTime(file).toInstant().isBefore(buildStart)) {
          addReport(file, lines);
        }
      }
    }
  }

  private static boolean isReport(Path file) {
    String name = file.getFileName().toString();
    return name.startsWith("TEST-") && name.endsWith(".xml");
  }

  private static void addReport(Path file, Set<String> lines) throws IOException {
    Element suite = parse(file);
    NodeList tests = suite.getElementsByTagName("testcase");
    if (tests.getLength() == 0 && !hasNestedClasses(file)) {
      // Surefire forgets why, when an assumption fails before the first test of a class.
      lines.add(
          simpleName(suite.getAttribute("name"))
              + ": none of its tests ran, and Surefire does not tell why;"
              + " let each test make the assumption");
    }
    for (int index = 0; index < tests.getLength(); index++) {
      if (tests.item(index) instanceof Element test
          && test.getElementsByTagName("skipped").item(0) instanceof Element skipped) {
        lines.add(
            simpleName(test.getAttribute("classname"))
                + "."
                + test.getAttribute("name")
                + ": "
                + reason(skipped));
      }
    }
  }

  private static boolean hasNestedClasses(Path report) throws IOException {
    String name = report.getFileName().toString();
    String nested = name.substring(0, name.length() - ".xml".length()) + "$";
    try (Stream<Path> siblings = Files.list(report.resolveSibling(""))) {
      return siblings.anyMatch(each -> each.getFileName().toString().startsWith(nested));
    }
  }

  private static String simpleName(String type) {
    return type.substring(type.lastIndexOf('.') + 1);
  }

  /** A disabled test has its reason in an attribute, a failed assumption in its stack trace. */
  private static String reason(Element skipped) {
    String attribute = skipped.getAttribute("message");
    String text =
        attribute.isEmpty() ? STACK_FRAME.split(skipped.getTextContent(), 2)[0] : attribute;
    String reason = ASSUMPTION.matcher(text).replaceFirst("");
    return reason.isBlank() ? "no reason given" : reason.strip().replaceAll("\\s*\\R\\s*", " ");
  }

  private static Element parse(Path file) throws IOException {
    try {
      DocumentBuilder builder = DocumentBuilderFactory.newDefaultInstance().newDocumentBuilder();
      return builder.parse(file.toFile()).getDocumentElement();
    } catch (ParserConfigurationException | SAXException e) {
      throw new IOException(file + " is no report of Surefire", e);
    }
  }
}
