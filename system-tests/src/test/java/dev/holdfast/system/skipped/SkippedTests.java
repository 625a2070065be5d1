package dev.holdfast.system.skipped;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Set;
import java.util.TreeSet;
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
  private static final String ASSUMPTION = "Assumption failed: ";

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

  /** A line for each test, or for each class of which all tests were skipped; sorted. */
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
    NodeList skipped = parse(file).getElementsByTagName("skipped");
    for (int index = 0; index < skipped.getLength(); index++) {
      if (skipped.item(index) instanceof Element reason
          && reason.getParentNode() instanceof Element test) {
        lines.add(name(test) + ": " + reason(reason.getAttribute("message")));
      }
    }
  }

  /**
   * A class that was skipped as a whole is a test without a name, or with the name of the class.
   */
  private static String name(Element test) {
    String type = test.getAttribute("classname");
    String simpleType = type.substring(type.lastIndexOf('.') + 1);
    String method = test.getAttribute("name");
    return method.isEmpty() || method.equals(type) ? simpleType : simpleType + "." + method;
  }

  private static String reason(String message) {
    String text = message.startsWith(ASSUMPTION) ? message.substring(ASSUMPTION.length()) : message;
    return text.isBlank() ? "no reason given" : text.strip().replaceAll("\\s*\\R\\s*", " ");
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
