package dev.holdfast.node.host.command;

/**
 * What a finished program has left.
 *
 * @param exitStatus 0 to 255; 128 + n after signal n
 * @param stdout all it wrote to its standard output
 * @param stderr the end of what it wrote to its standard error, without blanks around it
 */
public record CommandResult(int exitStatus, String stdout, String stderr) {
  public boolean succeeded() {
    return exitStatus == 0;
  }
}
