package dev.holdfast.cli.host;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.jna.Native;
import dev.holdfast.keeper.client.KeeperClient;
import java.io.File;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import picocli.CommandLine;

/** The few jars that the keeper's process is made of, from where this process has them. */
final class KeeperClassPath {
  /** One class of each; the keeper's own client lies in the same jar as its server. */
  private static final List<Class<?>> NEEDED =
      List.of(
          KeeperClient.class,
          Native.class,
          ObjectMapper.class,
          JsonFactory.class,
          JsonProperty.class,
          CommandLine.class);

  private KeeperClassPath() {}

  static String find() {
    return NEEDED.stream()
        .map(KeeperClassPath::location)
        .distinct()
        .collect(Collectors.joining(File.pathSeparator));
  }

  private static String location(Class<?> type) {
    CodeSource source =
        Objects.requireNonNull(
            type.getProtectionDomain().getCodeSource(), () -> type + " has no jar");
    try {
      return Path.of(source.getLocation().toURI()).toString();
    } catch (URISyntaxException e) {
      throw new IllegalStateException("the location of " + type + " is no file", e);
    }
  }
}
