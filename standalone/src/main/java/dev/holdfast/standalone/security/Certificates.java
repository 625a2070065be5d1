package dev.holdfast.standalone.security;

import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.sec.ECPrivateKey;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.util.io.pem.PemObject;
import org.bouncycastle.util.io.pem.PemWriter;

/** Makes keys (EC P-256) and certificates, and writes them as PEM. */
final class Certificates {
  private static final String SIGNATURE = "SHA256withECDSA";
  private static final int KEY_BITS = 256;
  private static final Duration CLOCK_SKEW = Duration.ofHours(1);

  private Certificates() {}

  /** A certificate (chain order: itself first) and its private key. */
  record Pair(PrivateKey key, List<X509Certificate> chain) {
    X509Certificate certificate() {
      return chain.getFirst();
    }
  }

  static Pair authority(String name, Duration validity, Clock clock)
      throws GeneralSecurityException {
    KeyPair keys = generate();
    X500Name subject = new X500NameBuilder(BCStyle.INSTANCE).addRDN(BCStyle.CN, name).build();
    X509v3CertificateBuilder builder = builder(subject, subject, keys.getPublic(), validity, clock);
    try {
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(0));
      builder.addExtension(
          Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new Pair(keys.getPrivate(), List.of(sign(builder, keys.getPrivate())));
  }

  static Pair server(Pair authority, List<GeneralName> names, Duration validity, Clock clock)
      throws GeneralSecurityException {
    X500Name subject =
        new X500NameBuilder(BCStyle.INSTANCE).addRDN(BCStyle.CN, "holdfast-standalone").build();
    return leaf(
        authority, generate(), subject, KeyPurposeId.id_kp_serverAuth, names, validity, clock);
  }

  static Pair client(Pair authority, Identity identity, Duration validity, Clock clock)
      throws GeneralSecurityException {
    X500Name subject =
        new X500NameBuilder(BCStyle.INSTANCE)
            .addRDN(BCStyle.O, identity.group())
            .addRDN(BCStyle.CN, identity.user())
            .build();
    return leaf(
        authority, generate(), subject, KeyPurposeId.id_kp_clientAuth, List.of(), validity, clock);
  }

  private static Pair leaf(
      Pair authority,
      KeyPair keys,
      X500Name subject,
      KeyPurposeId purpose,
      List<GeneralName> names,
      Duration validity,
      Clock clock)
      throws GeneralSecurityException {
    X500Name issuer =
        X500Name.getInstance(authority.certificate().getSubjectX500Principal().getEncoded());
    X509v3CertificateBuilder builder = builder(issuer, subject, keys.getPublic(), validity, clock);
    try {
      builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
      builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(purpose));
      if (!names.isEmpty()) {
        builder.addExtension(
            Extension.subjectAlternativeName,
            false,
            new GeneralNames(names.toArray(GeneralName[]::new)));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    X509Certificate certificate = sign(builder, authority.key());
    return new Pair(keys.getPrivate(), List.of(certificate, authority.certificate()));
  }

  private static KeyPair generate() throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"));
    return generator.generateKeyPair();
  }

  private static X509v3CertificateBuilder builder(
      X500Name issuer, X500Name subject, PublicKey key, Duration validity, Clock clock) {
    Instant now = clock.instant();
    return new JcaX509v3CertificateBuilder(
        issuer,
        new BigInteger(120, new SecureRandom()),
        Date.from(now.minus(CLOCK_SKEW)),
        Date.from(now.plus(validity)),
        subject,
        key);
  }

  private static X509Certificate sign(X509v3CertificateBuilder builder, PrivateKey key)
      throws GeneralSecurityException {
    try {
      return new JcaX509CertificateConverter()
          .getCertificate(builder.build(new JcaContentSignerBuilder(SIGNATURE).build(key)));
    } catch (OperatorCreationException e) {
      throw new GeneralSecurityException(e);
    }
  }

  static String pem(X509Certificate certificate) throws GeneralSecurityException {
    return pem("CERTIFICATE", certificate.getEncoded());
  }

  /**
   * The key in SEC1 form (RFC 5915) with the curve in it: Fabric8 does not recognise EC keys in
   * PKCS#8, and Go wants the curve.
   */
  static String pem(PrivateKey key, X509Certificate certificate) {
    SubjectPublicKeyInfo publicKey =
        SubjectPublicKeyInfo.getInstance(certificate.getPublicKey().getEncoded());
    ECPrivateKey sec1 =
        new ECPrivateKey(
            KEY_BITS,
            ((java.security.interfaces.ECPrivateKey) key).getS(),
            publicKey.getPublicKeyData(),
            SECObjectIdentifiers.secp256r1);
    try {
      return pem("EC PRIVATE KEY", sec1.getEncoded());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String pem(String type, byte[] der) {
    StringWriter text = new StringWriter();
    try (PemWriter writer = new PemWriter(text)) {
      writer.writeObject(new PemObject(type, der));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }
}
