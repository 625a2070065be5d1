package dev.holdfast.standalone.security;

import java.security.cert.X509Certificate;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import org.jspecify.annotations.Nullable;

/** From a certificate, which TLS has verified already, to an identity. */
public final class ClientCertificates {
  private ClientCertificates() {}

  /** The identity that a certificate's common name and organization are those of, or null. */
  public static @Nullable Identity identity(X509Certificate certificate) {
    String user = "";
    String group = "";
    try {
      for (Rdn part : new LdapName(certificate.getSubjectX500Principal().getName()).getRdns()) {
        if (part.getType().equalsIgnoreCase("CN")) {
          user = part.getValue().toString();
        } else if (part.getType().equalsIgnoreCase("O")) {
          group = part.getValue().toString();
        }
      }
    } catch (InvalidNameException e) {
      return null;
    }
    return Identity.of(user, group);
  }
}
