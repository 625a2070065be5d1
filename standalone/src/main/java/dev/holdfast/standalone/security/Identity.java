package dev.holdfast.standalone.security;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Who a client is. There are three kinds; their rights are fixed ({@link Rights}). */
public sealed interface Identity {
  String NODE_PREFIX = "holdfast:node:";

  /** May do everything: the user with kubectl. */
  record Admin() implements Identity {}

  /** The operator. */
  record Operator() implements Identity {}

  /**
   * The agent of one node.
   *
   * @param node name of the node
   */
  record Agent(String node) implements Identity {}

  /** The common name of its certificate. */
  default String user() {
    return switch (this) {
      case Admin() -> "holdfast:admin";
      case Operator() -> "holdfast:operator";
      case Agent(String node) -> NODE_PREFIX + node;
    };
  }

  /** The organization of its certificate. */
  default String group() {
    return switch (this) {
      case Admin() -> "system:masters";
      case Operator() -> "holdfast:operators";
      case Agent ignored -> "holdfast:nodes";
    };
  }

  /** All groups, as a review shows them. */
  default List<String> groups() {
    return List.of(group(), "system:authenticated");
  }

  /** The identity that a verified certificate names, or null when it names none of ours. */
  static @Nullable Identity of(String user, String group) {
    Identity identity =
        user.startsWith(NODE_PREFIX)
            ? new Agent(user.substring(NODE_PREFIX.length()))
            : user.equals("holdfast:operator") ? new Operator() : new Admin();
    return identity.user().equals(user) && identity.group().equals(group) ? identity : null;
  }
}
