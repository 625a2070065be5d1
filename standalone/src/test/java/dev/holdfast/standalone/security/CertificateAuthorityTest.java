package dev.holdfast.standalone.security;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CertificateAuthorityTest {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
  private static final String URL = "https://127.0.0.1:6443";
  private static final Identity ADMIN = new Identity.Admin();

  @TempDir private Path directory;

  @Test
  void keepsWhatIsValidForMoreThanAYear() throws IOException, GeneralSecurityException {
    Certificates first = start(0);
    Certificates later = start(364);

    assertThat(later).isEqualTo(first);
  }

  @Test
  void renewsServerAndClientsInTimeWithAnOldDirectory()
      throws IOException, GeneralSecurityException {
    Certificates first = start(0);
    Certificates later = start(366);

    assertThat(later.server()).isNotEqualTo(first.server());
    assertThat(later.client()).isNotEqualTo(first.client());
    assertThat(later.authority()).isEqualTo(first.authority());
    for (X509Certificate renewed : List.of(later.server(), later.client())) {
      assertThat(renewed.getNotAfter().toInstant()).isEqualTo(day(366 + 730));
      validate(renewed, later.authority(), 366 + 729);
    }
    // Clients whose kubeconfig was copied before go on until their own certificate ends.
    validate(first.client(), later.authority(), 729);
    validate(later.server(), first.authority(), 729);
  }

  @Test
  void renewsEvenWhatHasExpired() throws IOException, GeneralSecurityException {
    start(0);
    Certificates later = start(5 * 3650);

    validate(later.server(), later.authority(), 5 * 3650);
    validate(later.client(), later.authority(), 5 * 3650);
  }

  @Test
  void renewsTheAuthorityWithItsKeyBeforeWhatItSignsWouldOutliveIt()
      throws IOException, GeneralSecurityException {
    Certificates first = start(0);
    Certificates before = start(3650 - 731);
    Certificates after = start(3650 - 729);

    assertThat(before.authority()).isEqualTo(first.authority());
    assertThat(after.authority()).isNotEqualTo(first.authority());
    assertThat(after.authority().getPublicKey()).isEqualTo(first.authority().getPublicKey());
    validate(before.client(), after.authority(), 3650 - 729);
    validate(after.server(), first.authority(), 3650 - 729);
    assertThat(after.authority().getNotAfter().toInstant()).isEqualTo(day(3650 - 729 + 3650));
  }

  @Test
  void anotherAddressGetsAServerCertificateOfItsOwn() throws IOException, GeneralSecurityException {
    CertificateAuthority authority = open(0);
    X509Certificate loopback = certificate(authority.server(InetAddress.getLoopbackAddress()));
    X509Certificate other = certificate(authority.server(InetAddress.ofLiteral("192.0.2.7")));

    assertThat(other).isNotEqualTo(loopback);
    assertThat(other.getSubjectAlternativeNames())
        .anyMatch(name -> name.get(1).equals("192.0.2.7"))
        .anyMatch(name -> name.get(1).equals("127.0.0.1"));
    assertThat(certificate(authority.server(InetAddress.getLoopbackAddress()))).isEqualTo(other);
  }

  @Test
  void certificatesNameTheIdentitiesTheyWereIssuedFor()
      throws IOException, GeneralSecurityException {
    for (Identity identity :
        List.of(ADMIN, new Identity.Operator(), new Identity.Agent("node-1.example.org"))) {
      assertThat(Identity.of(certificate(open(0).client(identity)))).isEqualTo(identity);
    }
    assertThat(Identity.of(start(0).server())).isNull();
    assertThat(Identity.of(start(0).authority())).isNull();
  }

  @Test
  void certificatesAreGoodForOnePurposeOnly() throws IOException, GeneralSecurityException {
    Certificates all = start(0);

    assertThat(all.authority().getBasicConstraints()).isZero();
    assertThat(all.authority().getKeyUsage())
        .containsExactly(false, false, false, false, false, true, true, false, false);
    assertThat(all.authority().getExtendedKeyUsage()).isNull();
    assertThat(all.server().getExtendedKeyUsage()).containsExactly("1.3.6.1.5.5.7.3.1");
    assertThat(all.client().getExtendedKeyUsage()).containsExactly("1.3.6.1.5.5.7.3.2");
    for (X509Certificate leaf : List.of(all.server(), all.client())) {
      assertThat(leaf.getBasicConstraints()).isEqualTo(-1);
      assertThat(leaf.getKeyUsage())
          .containsExactly(true, false, false, false, false, false, false, false, false);
      assertThat(leaf.getVersion()).isEqualTo(3);
      assertThat(leaf.getSerialNumber()).isPositive();
    }
    assertThat(
            all.server().getSubjectAlternativeNames().stream().map(name -> name.get(1).toString()))
        .contains("localhost", "kubernetes", "127.0.0.1", "0:0:0:0:0:0:0:1");
  }

  private record Certificates(
      X509Certificate authority, X509Certificate server, X509Certificate client) {}

  /** What a start on that day makes of the directory. */
  private Certificates start(int days) throws IOException, GeneralSecurityException {
    CertificateAuthority authority = open(days);
    X509Certificate server = certificate(authority.server(InetAddress.getLoopbackAddress()));
    String kubeconfig = authority.kubeconfig(ADMIN, URL);
    authority.save();
    return new Certificates(
        embedded(kubeconfig, "certificate-authority-data"),
        server,
        embedded(kubeconfig, "client-certificate-data"));
  }

  private CertificateAuthority open(int days) throws IOException, GeneralSecurityException {
    return CertificateAuthority.open(
        directory.resolve("pki.p12"), Clock.fixed(day(days), ZoneOffset.UTC));
  }

  private static Instant day(int days) {
    return START.plus(Duration.ofDays(days));
  }

  private static X509Certificate certificate(KeyStore store) throws GeneralSecurityException {
    return (X509Certificate) store.getCertificate(store.aliases().nextElement());
  }

  private static X509Certificate embedded(String kubeconfig, String field)
      throws GeneralSecurityException {
    Matcher data = Pattern.compile(field + ": (\\S+)").matcher(kubeconfig);
    assertThat(data.find()).isTrue();
    String pem = new String(Base64.getDecoder().decode(data.group(1)), UTF_8);
    return (X509Certificate)
        CertificateFactory.getInstance("X.509")
            .generateCertificate(new ByteArrayInputStream(pem.getBytes(UTF_8)));
  }

  private static void validate(X509Certificate certificate, X509Certificate authority, int days)
      throws GeneralSecurityException {
    KeyStore anchors = KeyStore.getInstance("PKCS12");
    try {
      anchors.load(null, null);
    } catch (IOException e) {
      throw new GeneralSecurityException(e);
    }
    anchors.setCertificateEntry("ca", authority);
    PKIXParameters parameters = new PKIXParameters(anchors);
    parameters.setRevocationEnabled(false);
    parameters.setDate(Date.from(day(days)));
    CertPathValidator.getInstance("PKIX")
        .validate(
            CertificateFactory.getInstance("X.509").generateCertPath(List.of(certificate)),
            parameters);
  }
}
