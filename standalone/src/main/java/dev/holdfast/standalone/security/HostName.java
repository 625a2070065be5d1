package dev.holdfast.standalone.security;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Pattern;

/** This host's own name, as the kernel has it: no name service needs to know it. */
public final class HostName {
  private static final Path KERNEL = Path.of("/proc/sys/kernel/hostname");

  /** What an object and a certificate can be named after (RFC 1123). */
  private static final Pattern NAME = Pattern.compile("[a-z0-9]([-a-z0-9.]*[a-z0-9])?");

  private HostName() {}

  /** In lower case; {@code localhost} where the host has no name that can be used. */
  public static String local() {
    return in(KERNEL);
  }

  static String in(Path file) {
    try {
      String name = Files.readString(file).strip().toLowerCase(Locale.ROOT);
      return NAME.matcher(name).matches() ? name : "localhost";
    } catch (IOException e) {
      return "localhost";
    }
  }
}
