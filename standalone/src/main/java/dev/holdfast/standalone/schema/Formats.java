package dev.holdfast.standalone.schema;

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
  private static final String IPV4_PART = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
  private static final Pattern IPV4 = Pattern.compile("(" + IPV4_PART + "\\.){3}" + IPV4_PART);
  private static final Pattern UUID =
      Pattern.compile("(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}");
  private static final Pattern MAC =
      Pattern.compile(
          "(?i)([0-9a-f]{2}:){5}([0-9a-f]{2}:){0,2}[0-9a-f]{2}|([0-9a-f]{2}-){5}[0-9a-f]{2}");
  private static final Pattern HOST_NAME =
      Pattern.compile(
          "([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]{0,61}[a-zA-Z0-9])"
              + "(\\.([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]{0,61}[a-zA-Z0-9]))*");
  private static final Pattern EMAIL = Pattern.compile("[^@\\s]+@[^@\\s]+");
  private static final Pattern DURATION =
      Pattern.compile("[-+]?([0-9]+(\\.[0-9]*)?\\s*(ns|us|µs|ms|s|m|h|d|w)[a-z]*\\s*)+|0");
  private static final Pattern LABEL = Pattern.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?");
  private static final Pattern SUBDOMAIN =
      Pattern.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*");

  private static final Map<String, Predicate<String>> CHECKS =
      Map.ofEntries(
          Map.entry("uri", Formats::isUri),
          Map.entry("email", EMAIL::matches),
          Map.entry("hostname", text -> text.length() <= 255 && HOST_NAME.matches(text)),
          Map.entry("ipv4", IPV4::matches),
          Map.entry("ipv6", text -> text.contains(":") && Cidr.findAddress(text).isPresent()),
          Map.entry("cidr", text -> Cidr.find(text).isPresent()),
          Map.entry("mac", MAC::matches),
          Map.entry("uuid", UUID::matches),
          Map.entry("byte", Formats::isBase64),
          Map.entry("password", _ -> true),
          Map.entry("date", Formats::isDate),
          Map.entry("duration", DURATION::matches),
          Map.entry("datetime", Formats::isDateTime),
          Map.entry("k8sshortname", text -> text.length() <= 63 && LABEL.matches(text)),
          Map.entry("k8slongname", text -> text.length() <= 253 && SUBDOMAIN.matches(text)));

  private Formats() {}

  /** Whether the format is one of strings that is checked at all. */
  static boolean isChecked(String format) {
    return CHECKS.containsKey(format.replace("-", ""));
  }

  static boolean accepts(String format, String text) {
    Predicate<String> check = CHECKS.get(format.replace("-", ""));
    return check == null || check.test(text);
  }

  private static boolean isUri(String text) {
    try {
      URI uri = new URI(text);
      return uri.isAbsolute() || text.startsWith("/");
    } catch (URISyntaxException e) {
      return false;
    }
  }

  private static boolean isBase64(String text) {
    try {
      return !text.isEmpty() && Base64.getDecoder().decode(text).length > 0;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private static boolean isDate(String text) {
    try {
      return LocalDate.parse(text).getYear() >= 0;
    } catch (DateTimeException e) {
      return false;
    }
  }

  private static boolean isDateTime(String text) {
    try {
      return OffsetDateTime.parse(text).getYear() >= 0;
    } catch (DateTimeException e) {
      return false;
    }
  }
}
