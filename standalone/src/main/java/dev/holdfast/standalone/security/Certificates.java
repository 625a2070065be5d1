package dev.holdfast.standalone.security;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECPoint;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.HexFormat;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.jspecify.annotations.Nullable;

/** Makes keys (EC P-256) and certificates, and writes them as PEM. */
final class Certificates {
  private static final Duration CLOCK_SKEW = Duration.ofHours(1);

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

  /**
   * What a certificate is for.
   *
   * @param purpose null for one that signs others
   * @param names that a server is reached under; null for anything but a server
   */
  record Use(@Nullable KeyPurposeId purpose, @Nullable GeneralNames names) {}

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
      X500Name subject,
      Use use,
      Instant now,
      Duration validity)
      throws GeneralSecurityException {
    X509v3CertificateBuilder builder =
        new JcaX509v3CertificateBuilder(
            issuer == null
                ? subject
                : X500Name.getInstance(issuer.certificate().getSubjectX500Principal().getEncoded()),
            new BigInteger(120, new SecureRandom()),
            Date.from(now.minus(CLOCK_SKEW)),
            Date.from(now.plus(validity)),
            subject,
            keys.getPublic());
    PrivateKey signer = issuer == null ? keys.getPrivate() : issuer.key();
    try {
      if (use.purpose() == null) {
        builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(0));
        builder.addExtension(
            Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
      } else {
        builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
        builder.addExtension(
            Extension.extendedKeyUsage, false, new ExtendedKeyUsage(use.purpose()));
      }
      if (use.names() != null) {
        builder.addExtension(Extension.subjectAlternativeName, false, use.names());
      }
      X509Certificate certificate =
          new JcaX509CertificateConverter()
              .getCertificate(
                  builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(signer)));
      return new Pair(
          keys.getPrivate(),
          issuer == null ? List.of(certificate) : List.of(certificate, issuer.certificate()));
    } catch (IOException | OperatorCreationException e) {
      throw new GeneralSecurityException(e);
    }
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
    return pem("EC PRIVATE KEY", HexFormat.of().parseHex(der));
  }

  private static String pem(String type, byte[] der) {
    String body = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
    String text = "-----BEGIN %1$s-----\n%2$s\n-----END %1$s-----\n".formatted(type, body);
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.US_ASCII));
  }
}
