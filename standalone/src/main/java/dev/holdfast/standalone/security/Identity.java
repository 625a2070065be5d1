package dev.holdfast.standalone.security;

import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import org.jspecify.annotations.Nullable;

/** Who a client is. {@link Rights} says what each may do. */
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

  /**
   * Whom the administrator asks as ({@code kubectl --as}); may do everything when its groups say
   * so, else nothing.
   */
  record Impersonated(String user, List<String> groups) implements Identity {}

  /** The common name of its certificate. */
  default String user() {
    return switch (this) {
      case Admin() -> "holdfast:admin";
      case Operator() -> "holdfast:operator";
      case Agent(String node) -> NODE_PREFIX + node;
      case Impersonated(String user, List<String> ignored) -> user;
    };
  }

  /** The organization of its certificate. */
  default String group() {
    return switch (this) {
      case Admin() -> "system:masters";
      case Operator() -> "holdfast:operators";
      case Agent ignored -> "holdfast:nodes";
      case Impersonated ignored -> "";
    };
  }

  /** All groups, as a review shows them. */
  default List<String> groups() {
    return List.of(group(), "system:authenticated");
  }

  /**
   * Whom a name and groups stand for that the administrator asks as. With the name of the operator
   * or of an agent its rights can be tried.
   */
  static Identity impersonated(String user, List<String> groups) {
    if (user.equals(new Operator().user())) {
      return new Operator();
    }
    List<String> all = new ArrayList<>(groups);
    all.add("system:authenticated");
    return groups.isEmpty() && user.startsWith(NODE_PREFIX)
        ? new Agent(user.substring(NODE_PREFIX.length()))
        : new Impersonated(user, List.copyOf(all));
  }

  /** The identity that a certificate, which TLS has verified, names; null when it is not ours. */
  static @Nullable Identity of(X509Certificate certificate) {
    try {
      LdapName subject = new LdapName(certificate.getSubjectX500Principal().getName());
      String user = part(subject, "CN");
      Identity identity =
          user.startsWith(NODE_PREFIX)
              ? new Agent(user.substring(NODE_PREFIX.length()))
              : user.equals("holdfast:operator") ? new Operator() : new Admin();
      return identity.user().equals(user) && identity.group().equals(part(subject, "O"))
          ? identity
          : null;
    } catch (InvalidNameException e) {
      return null;
    }
  }

  private static String part(LdapName name, String type) {
    return name.getRdns().stream()
        .filter(part -> part.getType().equalsIgnoreCase(type))
        .map(Rdn::getValue)
        .map(Object::toString)
        .findFirst()
        .orElse("");
  }
}
