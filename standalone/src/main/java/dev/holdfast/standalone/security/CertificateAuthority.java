package dev.holdfast.standalone.security;

import dev.holdfast.standalone.security.Certificates.Pair;
import dev.holdfast.standalone.security.Certificates.Use;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyStore;
import java.security.KeyStore.PasswordProtection;
import java.security.KeyStore.PrivateKeyEntry;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.PBEParameterSpec;
import javax.naming.ldap.Rdn;
import javax.security.auth.x500.X500Principal;
import org.jspecify.annotations.Nullable;

/**
 * The authority that the server and its clients trust, kept with all certificates in one file that
 * only its owner may read. What would expire within a year is renewed when the control plane
 * starts; the authority itself with its old key, so that copies of a kubeconfig stay good.
 */
public final class CertificateAuthority {
  private static final Duration AUTHORITY_VALIDITY = Duration.ofDays(3650);
  private static final Duration LEAF_VALIDITY = Duration.ofDays(730);
  private static final Duration RENEW_BEFORE = Duration.ofDays(365);
  private static final String AUTHORITY = "ca";
  private static final int SALT_BYTES = 20;
  private static final int IV_BYTES = 16;
  // The file is protected by its permissions; PKCS#12 only wants some password.
  private static final char[] PASSWORD = "holdfast".toCharArray();

  private final Path file;
  private final KeyStore store;
  private final Clock clock;
  private final Pair authority;
  private boolean changed;

  private CertificateAuthority(Path file, Clock clock)
      throws IOException, GeneralSecurityException {
    this.file = file;
    this.clock = clock;
    this.store = Files.exists(file) ? KeyStore.getInstance(file.toFile(), PASSWORD) : emptyStore();
    Pair kept = load(AUTHORITY);
    // It must outlive what it signs.
    this.authority =
        kept == null || kept.expiresBefore(clock.instant().plus(LEAF_VALIDITY))
            ? keep(
                AUTHORITY,
                Certificates.sign(
                    null,
                    kept == null
                        ? Certificates.newKeys()
                        : new KeyPair(kept.certificate().getPublicKey(), kept.key()),
                    new X500Principal("CN=holdfast-ca"),
                    new Use.Authority(),
                    clock.instant(),
                    AUTHORITY_VALIDITY))
            : kept;
  }

  /** Opens the file, or begins with a new authority, which {@link #save} writes. */
  public static CertificateAuthority open(Path file, Clock clock)
      throws IOException, GeneralSecurityException {
    return new CertificateAuthority(file, clock);
  }

  /**
   * The key store of a TLS server that is reached under an address.
   *
   * @param address where it listens; loopback is always included
   */
  public KeyStore server(InetAddress address) throws IOException, GeneralSecurityException {
    InetAddress loopback = InetAddress.ofLiteral("127.0.0.1");
    InetAddress listening = address.isAnyLocalAddress() ? loopback : address;
    Pair pair = load("server");
    if (pair == null || expiring(pair) || !covers(pair, listening.getHostAddress())) {
      pair =
          issue(
              "server",
              new X500Principal("CN=holdfast-standalone"),
              new Use.Server(
                  List.of("localhost", "kubernetes", HostName.local()),
                  List.of(loopback, InetAddress.ofLiteral("::1"), listening)));
    }
    return storeOf(pair);
  }

  /** The key store of a client. */
  public KeyStore client(Identity identity) throws IOException, GeneralSecurityException {
    return storeOf(pair(identity));
  }

  /** The key store that trusts this authority and nobody else. */
  public KeyStore trusted() throws IOException, GeneralSecurityException {
    KeyStore trusted = emptyStore();
    trusted.setCertificateEntry(AUTHORITY, authority.certificate());
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
    Pair pair = pair(identity);
    return """
    apiVersion: v1
    kind: Config
    clusters:
    - name: holdfast
      cluster:
        server: %1$s
        certificate-authority-data: %2$s
    users:
    - name: %3$s
      user:
        client-certificate-data: %4$s
        client-key-data: %5$s
    contexts:
    - name: holdfast
      context:
        cluster: holdfast
        user: %3$s
        namespace: default
    current-context: holdfast
    """
        .formatted(
            server,
            Certificates.data(authority.certificate()),
            identity.user(),
            Certificates.data(pair.certificate()),
            Certificates.keyData(pair));
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

  private Pair pair(Identity identity) throws GeneralSecurityException {
    String alias = "client-" + identity.user();
    Pair pair = load(alias);
    return pair != null && !expiring(pair)
        ? pair
        : issue(
            alias,
            new X500Principal(
                "CN=%s,O=%s"
                    .formatted(
                        Rdn.escapeValue(identity.user()), Rdn.escapeValue(identity.group()))),
            new Use.Client());
  }

  private Pair issue(String alias, X500Principal subject, Use use) throws GeneralSecurityException {
    return keep(
        alias,
        Certificates.sign(
            authority, Certificates.newKeys(), subject, use, clock.instant(), LEAF_VALIDITY));
  }

  private @Nullable Pair load(String alias) throws GeneralSecurityException {
    return store.getKey(alias, PASSWORD) instanceof PrivateKey key
        ? new Pair(
            key,
            Arrays.stream(store.getCertificateChain(alias))
                .map(X509Certificate.class::cast)
                .toList())
        : null;
  }

  private Pair keep(String alias, Pair pair) throws GeneralSecurityException {
    put(store, alias, pair);
    changed = true;
    return pair;
  }

  private boolean expiring(Pair pair) {
    return pair.expiresBefore(clock.instant().plus(RENEW_BEFORE));
  }

  private static boolean covers(Pair pair, String address) throws GeneralSecurityException {
    return pair.certificate().getSubjectAlternativeNames().stream()
        .anyMatch(name -> address.equals(name.get(1)));
  }

  private static KeyStore storeOf(Pair pair) throws IOException, GeneralSecurityException {
    KeyStore only = emptyStore();
    put(only, "own", pair);
    return only;
  }

  private static KeyStore emptyStore() throws IOException, GeneralSecurityException {
    KeyStore empty = KeyStore.getInstance("PKCS12");
    empty.load(null, PASSWORD);
    return empty;
  }

  /** With one iteration: the default of 10,000 would make a known password no better, but late. */
  private static void put(KeyStore store, String alias, Pair pair) throws GeneralSecurityException {
    byte[] salt = new byte[SALT_BYTES];
    byte[] vector = new byte[IV_BYTES];
    SecureRandom random = new SecureRandom();
    random.nextBytes(salt);
    random.nextBytes(vector);
    var parameters = new PBEParameterSpec(salt, 1, new IvParameterSpec(vector));
    store.setEntry(
        alias,
        new PrivateKeyEntry(pair.key(), pair.chain().toArray(Certificate[]::new)),
        new PasswordProtection(PASSWORD, "PBEWithHmacSHA256AndAES_256", parameters));
  }
}
