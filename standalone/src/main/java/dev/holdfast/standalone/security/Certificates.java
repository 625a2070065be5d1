package dev.holdfast.standalone.security;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECPoint;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import javax.security.auth.x500.X500Principal;
import org.jspecify.annotations.Nullable;

/**
 * Makes keys (EC P-256) and certificates (RFC 5280), and writes them as PEM. Without Bouncy Castle,
 * whose signed archives take a fifth of the time of a first start to be verified.
 */
final class Certificates {
  private static final Duration CLOCK_SKEW = Duration.ofHours(1);
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyyMMddHHmmss'Z'").withZone(ZoneOffset.UTC);

  // Tags and whole values of DER (ITU-T X.690).
  private static final int BIT_STRING = 0x03;
  private static final int OCTET_STRING = 0x04;
  private static final int SEQUENCE = 0x30;
  private static final int VERSION = 0xa0;
  private static final int EXTENSIONS = 0xa3;
  private static final int UTC_TIME = 0x17;
  private static final int GENERALIZED_TIME = 0x18;
  private static final int DNS_NAME = 0x82;
  private static final int IP_ADDRESS = 0x87;
  private static final byte[] VERSION_3 = hex("020102");
  private static final byte[] ECDSA_WITH_SHA256 = hex("300a06082a8648ce3d040302");
  private static final byte[] CRITICAL = hex("0101ff");
  private static final byte[] BASIC_CONSTRAINTS = hex("0603551d13");
  private static final byte[] SIGNS_OTHERS = hex("30060101ff020100");
  private static final byte[] KEY_USAGE = hex("0603551d0f");
  private static final byte[] CERTIFICATES_AND_LISTS = hex("03020106");
  private static final byte[] DIGITAL_SIGNATURE = hex("03020780");
  private static final byte[] EXTENDED_KEY_USAGE = hex("0603551d25");
  private static final byte[] SUBJECT_ALTERNATIVE_NAME = hex("0603551d11");

  private Certificates() {}

  /** A certificate (chain order: itself first) and its private key. */
  record Pair(PrivateKey key, List<X509Certificate> chain) {
    X509Certificate certificate() {
      return chain.getFirst();
    }

    boolean expiresBefore(Instant instant) {
      return certificate().getNotAfter().toInstant().isBefore(instant);
    }
  }

  /** What a certificate is for. */
  sealed interface Use {
    /** To sign others. */
    record Authority() implements Use {}

    /** A server that is reached under names and addresses. */
    record Server(List<String> names, List<InetAddress> addresses) implements Use {}

    /** To tell who one is. */
    record Client() implements Use {}
  }

  static KeyPair newKeys() throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"));
    return generator.generateKeyPair();
  }

  /**
   * Signs a certificate.
   *
   * @param issuer null for one that signs itself
   */
  static Pair sign(
      @Nullable Pair issuer,
      KeyPair keys,
      X500Principal subject,
      Use use,
      Instant now,
      Duration validity)
      throws GeneralSecurityException {
    X500Principal signer =
        issuer == null ? subject : issuer.certificate().getSubjectX500Principal();
    byte[] signed =
        der(
            SEQUENCE,
            der(VERSION, VERSION_3),
            der(0x02, new BigInteger(120, new SecureRandom()).toByteArray()),
            ECDSA_WITH_SHA256,
            signer.getEncoded(),
            der(SEQUENCE, time(now.minus(CLOCK_SKEW)), time(now.plus(validity))),
            subject.getEncoded(),
            keys.getPublic().getEncoded(),
            der(EXTENSIONS, extensions(use)));
    Signature signature = Signature.getInstance("SHA256withECDSA");
    signature.initSign(issuer == null ? keys.getPrivate() : issuer.key());
    signature.update(signed);
    byte[] whole = der(SEQUENCE, signed, ECDSA_WITH_SHA256, bits(signature.sign()));
    X509Certificate certificate =
        (X509Certificate)
            CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(whole));
    return new Pair(
        keys.getPrivate(),
        issuer == null ? List.of(certificate) : List.of(certificate, issuer.certificate()));
  }

  private static byte[] extensions(Use use) {
    return switch (use) {
      case Use.Authority() ->
          der(
              SEQUENCE,
              extension(BASIC_CONSTRAINTS, CRITICAL, SIGNS_OTHERS),
              extension(KEY_USAGE, CRITICAL, CERTIFICATES_AND_LISTS));
      case Use.Client() -> der(SEQUENCE, purpose(2));
      case Use.Server(List<String> names, List<InetAddress> addresses) -> {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (String name : names) {
          all.writeBytes(der(DNS_NAME, name.getBytes(StandardCharsets.US_ASCII)));
        }
        for (InetAddress address : addresses) {
          all.writeBytes(der(IP_ADDRESS, address.getAddress()));
        }
        byte[] reachedUnder = der(SEQUENCE, all.toByteArray());
        yield der(
            SEQUENCE, purpose(1), extension(SUBJECT_ALTERNATIVE_NAME, new byte[0], reachedUnder));
      }
    };
  }

  /** For signatures of TLS, as a server (1) or a client (2). */
  private static byte[] purpose(int side) {
    byte[] keyPurpose = hex("300a06082b060105050703%02x".formatted(side));
    ByteArrayOutputStream both = new ByteArrayOutputStream();
    both.writeBytes(extension(KEY_USAGE, CRITICAL, DIGITAL_SIGNATURE));
    both.writeBytes(extension(EXTENDED_KEY_USAGE, new byte[0], keyPurpose));
    return both.toByteArray();
  }

  private static byte[] extension(byte[] id, byte[] critical, byte[] value) {
    return der(SEQUENCE, id, critical, der(OCTET_STRING, value));
  }

  private static byte[] time(Instant time) {
    String text = TIME.format(time);
    boolean utc = text.compareTo("2050") < 0; // as RFC 5280 wants it
    byte[] digits = text.substring(utc ? 2 : 0).getBytes(StandardCharsets.US_ASCII);
    return der(utc ? UTC_TIME : GENERALIZED_TIME, digits);
  }

  private static byte[] bits(byte[] bytes) {
    return der(BIT_STRING, new byte[1], bytes); // none of the last byte is unused
  }

  /** One value: its tag, the length and what is in it. */
  private static byte[] der(int tag, byte[]... parts) {
    ByteArrayOutputStream contents = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      contents.writeBytes(part);
    }
    ByteArrayOutputStream value = new ByteArrayOutputStream();
    value.write(tag);
    if (contents.size() < 0x80) {
      value.write(contents.size());
    } else {
      byte[] length = BigInteger.valueOf(contents.size()).toByteArray();
      int from = length[0] == 0 ? 1 : 0; // the sign
      value.write(0x80 | (length.length - from));
      value.write(length, from, length.length - from);
    }
    value.writeBytes(contents.toByteArray());
    return value.toByteArray();
  }

  private static byte[] hex(String digits) {
    return HexFormat.of().parseHex(digits);
  }

  /** The certificate as PEM in base64, as kubeconfigs have it. */
  static String data(X509Certificate certificate) throws GeneralSecurityException {
    return pem("CERTIFICATE", certificate.getEncoded());
  }

  /**
   * The key as PEM in base64, in SEC1 form (RFC 5915) with the curve in it: Fabric8 does not
   * recognise EC keys in PKCS#8, and Go wants the curve. On this curve all lengths are fixed.
   */
  static String keyData(Pair pair) {
    BigInteger secret = ((ECPrivateKey) pair.key()).getS();
    ECPoint point = ((ECPublicKey) pair.certificate().getPublicKey()).getW();
    String der =
        "30770201010420%064xa00a06082a8648ce3d030107a14403420004%064x%064x"
            .formatted(secret, point.getAffineX(), point.getAffineY());
    return pem("EC PRIVATE KEY", hex(der));
  }

  private static String pem(String type, byte[] der) {
    String body = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
    String text = "-----BEGIN %1$s-----\n%2$s\n-----END %1$s-----\n".formatted(type, body);
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.US_ASCII));
  }
}
