package dev.holdfast.standalone.schema.cel;

import static dev.holdfast.standalone.schema.cel.KubernetesCel.string;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.cel.common.types.ListType;
import dev.cel.common.types.MapType;
import dev.cel.common.types.OpaqueType;
import dev.cel.common.types.SimpleType;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** After library/urls.go of apiserver; URLs are absolute, or absolute paths. */
final class UrlFunctions {
  private static final Functions.Type<URI> URL =
      new Functions.Type<>(OpaqueType.create("kubernetes.URL"), URI.class);

  private UrlFunctions() {}

  static void addTo(Functions functions) {
    functions.global("url", "string_to_url", URL.type(), string(), UrlFunctions::parseOrFail);
    functions.global(
        "isURL", "is_url_string", SimpleType.BOOL, string(), text -> parse(text).isPresent());
    functions.member(
        "getScheme", "url_get_scheme", SimpleType.STRING, URL, url -> orEmpty(url.getScheme()));
    functions.member(
        "getHost",
        "url_get_host",
        SimpleType.STRING,
        URL,
        url -> orEmpty(url.getHost()) + (url.getPort() < 0 ? "" : ":" + url.getPort()));
    functions.member(
        "getHostname",
        "url_get_hostname",
        SimpleType.STRING,
        URL,
        url -> orEmpty(url.getHost()).replaceAll("[\\[\\]]", ""));
    functions.member(
        "getPort",
        "url_get_port",
        SimpleType.STRING,
        URL,
        url -> url.getPort() < 0 ? "" : Integer.toString(url.getPort()));
    functions.member(
        "getEscapedPath",
        "url_get_escaped_path",
        SimpleType.STRING,
        URL,
        url -> orEmpty(url.getRawPath()));
    functions.member(
        "getQuery",
        "url_get_query",
        MapType.create(SimpleType.STRING, ListType.create(SimpleType.STRING)),
        URL,
        UrlFunctions::query);
  }

  private static Optional<URI> parse(String text) {
    try {
      URI url = new URI(text);
      return url.isAbsolute() || text.startsWith("/") ? Optional.of(url) : Optional.empty();
    } catch (URISyntaxException e) {
      return Optional.empty();
    }
  }

  private static URI parseOrFail(String text) {
    return parse(text)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "URL parse error during conversion from string: parse \""
                        + text
                        + "\": invalid URI for request"));
  }

  private static Map<String, List<String>> query(URI url) {
    Map<String, List<String>> parameters = new LinkedHashMap<>();
    for (String part : orEmpty(url.getRawQuery()).split("&", -1)) {
      if (!part.isEmpty()) {
        int equals = part.indexOf('=');
        String name = equals < 0 ? part : part.substring(0, equals);
        String value = equals < 0 ? "" : part.substring(equals + 1);
        parameters
            .computeIfAbsent(URLDecoder.decode(name, UTF_8), _ -> new ArrayList<>())
            .add(URLDecoder.decode(value, UTF_8));
      }
    }
    return parameters;
  }

  private static String orEmpty(@Nullable String text) {
    return Objects.requireNonNullElse(text, "");
  }
}
