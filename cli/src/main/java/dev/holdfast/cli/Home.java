package dev.holdfast.cli;

import java.nio.file.Path;

/** The directory in which Holdfast is installed: the checkout. */
final class Home {
  private Home() {}

  /** Given by the holdfast script; without it, the working directory. */
  static Path directory() {
    return Path.of(System.getProperty("holdfast.home", "")).toAbsolutePath();
  }
}
