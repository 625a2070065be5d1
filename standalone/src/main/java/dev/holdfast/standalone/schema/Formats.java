package dev.holdfast.standalone.schema;

import static java.util.Map.entry;

import com.google.re2j.Pattern;
import dev.holdfast.standalone.schema.cel.Cidr;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.util.Base64;
import java.util.Map;
import java.util.function.Predicate;

/**
 * String formats that API extensions check. After validation/formats.go of apiextensions and strfmt
 * of kube-openapi; any other format says nothing.
 */
final class Formats {
  private static final String BYTE = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
  private static final String HOST_LABEL = "[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";
  private static final String LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";

  private static final Map<String, Predicate<String>> CHECKS =
      Map.ofEntries(
          entry("uri", parsed(text -> new URI(text).isAbsolute() || text.startsWith("/"))),
          entry("email", matching("[^@\\s]+@[^@\\s]+", Integer.MAX_VALUE)),
          entry("hostname", matching(HOST_LABEL + "(\\." + HOST_LABEL + ")*", 255)),
          entry("ipv4", matching("(" + BYTE + "\\.){3}" + BYTE, 15)),
          entry("ipv6", text -> text.contains(":") && Cidr.findAddress(text).isPresent()),
          entry("cidr", text -> Cidr.find(text).isPresent()),
          entry(
              "mac",
              matching(
                  "(?i)([0-9a-f]{2}:){5}([0-9a-f]{2}:){0,2}[0-9a-f]{2}"
                      + "|([0-9a-f]{2}-){5}[0-9a-f]{2}",
                  23)),
          entry("uuid", matching("(?i)[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", 36)),
          entry("byte", parsed(text -> Base64.getDecoder().decode(text).length > 0)),
          entry("password", _ -> true),
          entry("date", parsed(text -> LocalDate.parse(text).getYear() >= 0)),
          entry(
              "duration",
              matching(
                  "[-+]?([0-9]+(\\.[0-9]*)?\\s*(ns|us|µs|ms|s|m|h|d|w)[a-z]*\\s*)+|0",
                  Integer.MAX_VALUE)),
          entry("datetime", parsed(text -> OffsetDateTime.parse(text).getYear() >= 0)),
          entry("k8sshortname", matching(LABEL, 63)),
          entry("k8slongname", matching(LABEL + "(\\." + LABEL + ")*", 253)));

  private Formats() {}

  /** Whether the format is one of strings that is checked at all. */
  static boolean isChecked(String format) {
    return CHECKS.containsKey(format.replace("-", ""));
  }

  static boolean accepts(String format, String text) {
    Predicate<String> check = CHECKS.get(format.replace("-", ""));
    return check == null || check.test(text);
  }

  private static Predicate<String> matching(String expression, int maximum) {
    Pattern pattern = Pattern.compile(expression);
    return text -> text.length() <= maximum && pattern.matches(text);
  }

  private interface Parser {
    boolean isRight(String text) throws URISyntaxException;
  }

  private static Predicate<String> parsed(Parser parser) {
    return text -> {
      try {
        return parser.isRight(text);
      } catch (URISyntaxException | IllegalArgumentException | DateTimeException e) {
        return false;
      }
    };
  }
}
