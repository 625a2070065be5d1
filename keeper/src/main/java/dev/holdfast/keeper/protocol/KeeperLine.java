package dev.holdfast.keeper.protocol;

/** One line from the keeper. */
public sealed interface KeeperLine {
  /**
   * The answer to a request.
   *
   * @param replyTo id of the request; -1 for a line in which no id could be read
   */
  record ReplyLine(long replyTo, Reply reply) implements KeeperLine {}

  record EventLine(Event event) implements KeeperLine {}
}
