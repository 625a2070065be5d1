package dev.holdfast.keeper;

import picocli.CommandLine;

/** Entry point of the keeper's JVM. */
public final class KeeperMain {
  private KeeperMain() {}

  public static void main(String[] arguments) {
    System.exit(
        new CommandLine(new KeeperCommand())
            .setCaseInsensitiveEnumValuesAllowed(true)
            .execute(arguments));
  }
}
