package dev.holdfast.standalone.security;

import dev.holdfast.standalone.security.Certificates.Pair;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.bouncycastle.asn1.x509.GeneralName;
import org.jspecify.annotations.Nullable;

/**
 * The authority that the server and its clients trust, kept with all certificates in one file that
 * only its owner may read. Certificates are renewed when the control plane starts.
 */
public final class CertificateAuthority {
  private static final Duration AUTHORITY_VALIDITY = Duration.ofDays(3650);
  private static final Duration LEAF_VALIDITY = Duration.ofDays(730);
  private static final Duration RENEW_BEFORE = Duration.ofDays(365);
  // The file is protected by its permissions; PKCS#12 only wants some password.
  private static final char[] PASSWORD = "holdfast".toCharArray();

  private final Path file;
  private final KeyStore store;
  private final Clock clock;
  private boolean changed;

  private CertificateAuthority(Path file, KeyStore store, Clock clock) {
    this.file = file;
    this.store = store;
    this.clock = clock;
  }

  /** Opens the file, or creates it with a new authority. */
  public static CertificateAuthority open(Path file, Clock clock)
      throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    if (Files.exists(file)) {
      try (InputStream in = Files.newInputStream(file)) {
        store.load(in, PASSWORD);
      }
    } else {
      store.load(null, PASSWORD);
    }
    CertificateAuthority authority = new CertificateAuthority(file, store, clock);
    if (authority.load("ca") == null) {
      authority.keep("ca", Certificates.authority("holdfast-ca", AUTHORITY_VALIDITY, clock));
    }
    return authority;
  }

  /**
   * The key store of a TLS server that is reached under an address.
   *
   * @param address where it listens; loopback is always included
   */
  public KeyStore server(InetAddress address) throws IOException, GeneralSecurityException {
    Pair pair = load("server");
    String listening = address.isAnyLocalAddress() ? "" : address.getHostAddress();
    if (pair == null || expiring(pair) || !covers(pair, listening)) {
      List<GeneralName> names =
          List.of(
              new GeneralName(GeneralName.dNSName, "localhost"),
              new GeneralName(GeneralName.dNSName, "kubernetes"),
              new GeneralName(GeneralName.iPAddress, "127.0.0.1"),
              new GeneralName(GeneralName.iPAddress, "::1"),
              new GeneralName(GeneralName.dNSName, HostName.local()),
              new GeneralName(
                  GeneralName.iPAddress, listening.isEmpty() ? "127.0.0.1" : listening));
      pair = Certificates.server(authority(), names, LEAF_VALIDITY, clock);
      keep("server", pair);
    }
    KeyStore only = KeyStore.getInstance("PKCS12");
    only.load(null, PASSWORD);
    only.setKeyEntry("server", pair.key(), PASSWORD, pair.chain().toArray(Certificate[]::new));
    return only;
  }

  /** The key store that trusts clients of this authority and nobody else. */
  public KeyStore clients() throws IOException, GeneralSecurityException {
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, PASSWORD);
    trusted.setCertificateEntry("ca", authority().certificate());
    return trusted;
  }

  /** The password of the key stores that this class returns. */
  public String password() {
    return new String(PASSWORD);
  }

  /**
   * A kubeconfig with everything embedded.
   *
   * @param server URL of the server
   */
  public String kubeconfig(Identity identity, String server) throws GeneralSecurityException {
    String alias = "client-" + identity.user();
    Pair pair = load(alias);
    if (pair == null || expiring(pair)) {
      pair = Certificates.client(authority(), identity, LEAF_VALIDITY, clock);
      keep(alias, pair);
    }
    String name = "holdfast";
    return """
    apiVersion: v1
    kind: Config
    clusters:
    - name: %1$s
      cluster:
        server: %2$s
        certificate-authority-data: %3$s
    users:
    - name: %4$s
      user:
        client-certificate-data: %5$s
        client-key-data: %6$s
    contexts:
    - name: %1$s
      context:
        cluster: %1$s
        user: %4$s
        namespace: default
    current-context: %1$s
    """
        .formatted(
            name,
            server,
            base64(Certificates.pem(authority().certificate())),
            identity.user(),
            base64(Certificates.pem(pair.certificate())),
            base64(Certificates.pem(pair.key(), pair.certificate())));
  }

  /** Writes the file when something was issued since it was read. */
  public void save() throws IOException, GeneralSecurityException {
    if (changed) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      store.store(out, PASSWORD);
      PrivateFiles.write(file, out.toByteArray());
      changed = false;
    }
  }

  private Pair authority() throws GeneralSecurityException {
    Pair pair = load("ca");
    if (pair == null) {
      throw new GeneralSecurityException(file + " has no certificate authority");
    }
    return pair;
  }

  private @Nullable Pair load(String alias) throws GeneralSecurityException {
    if (!(store.getKey(alias, PASSWORD) instanceof PrivateKey key)) {
      return null;
    }
    return new Pair(
        key,
        Arrays.stream(store.getCertificateChain(alias))
            .map(certificate -> (X509Certificate) certificate)
            .toList());
  }

  private void keep(String alias, Pair pair) throws GeneralSecurityException {
    store.setKeyEntry(alias, pair.key(), PASSWORD, pair.chain().toArray(Certificate[]::new));
    changed = true;
  }

  private boolean expiring(Pair pair) {
    return pair.certificate()
        .getNotAfter()
        .toInstant()
        .isBefore(clock.instant().plus(RENEW_BEFORE));
  }

  private static boolean covers(Pair pair, String address) throws GeneralSecurityException {
    return address.isEmpty()
        || pair.certificate().getSubjectAlternativeNames().stream()
            .anyMatch(name -> name.get(1) instanceof String text && text.equals(address));
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }
}
