package dev.holdfast.standalone.security;

import dev.holdfast.standalone.store.AtRest;
import dev.holdfast.standalone.store.Key;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.KDF;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.HKDFParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Encrypts Secrets in the data file, with a key in a file that only its owner may read.
 *
 * <p>AES-256-GCM, bound to the object's key, so that one Secret can't be passed off as another.
 * Each write has a key of its own, derived by HKDF-SHA256 from 32 random bytes: random nonces under
 * one key would have to be counted. After the extended nonce of Kubernetes' own AES-GCM
 * transformer. Stored are the format's name, the 32 bytes, the nonce and the sealed JSON with its
 * tag.
 */
public final class SecretsAtRest implements AtRest {
  private static final byte[] FORMAT = "holdfast:aesgcm:v1:".getBytes(StandardCharsets.US_ASCII);
  private static final int KEY_BYTES = 32;
  private static final int NONCE_BYTES = 12;
  private static final int HEADER_BYTES = FORMAT.length + KEY_BYTES + NONCE_BYTES;
  private static final int TAG_BITS = 128;

  private final Path file;
  private final SecretKey key;
  private final SecureRandom random = new SecureRandom();

  private SecretsAtRest(Path file, SecretKey key) {
    this.file = file;
    this.key = key;
  }

  /**
   * Reads the key, or makes one where there is none.
   *
   * @throws IOException when the file can't be read or written, or holds no key
   */
  public static SecretsAtRest open(Path file) throws IOException {
    if (!Files.exists(file)) {
      byte[] fresh = new byte[KEY_BYTES];
      new SecureRandom().nextBytes(fresh);
      try {
        PrivateFiles.writeNew(file, empty -> Files.write(empty, fresh));
      } catch (FileAlreadyExistsException e) {
        // Another control plane has just made one, and seals with it.
      }
    }
    byte[] bytes = Files.readAllBytes(file);
    if (bytes.length != KEY_BYTES) {
      throw new IOException(
          "%s has %d bytes, but a key has %d: put the file back from a backup of this directory"
              .formatted(file, bytes.length, KEY_BYTES));
    }
    return new SecretsAtRest(file, new SecretKeySpec(bytes, "AES"));
  }

  @Override
  public byte[] seal(Key of, byte[] json) {
    if (!isSecret(of)) {
      return json;
    }
    byte[] header = new byte[HEADER_BYTES];
    random.nextBytes(header);
    System.arraycopy(FORMAT, 0, header, 0, FORMAT.length);
    try {
      byte[] sealed = cipher(Cipher.ENCRYPT_MODE, of, header).doFinal(json);
      return ByteBuffer.allocate(header.length + sealed.length).put(header).put(sealed).array();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this Java can't encrypt with AES-GCM", e);
    }
  }

  /**
   * Opens what was sealed; what was never sealed is returned as it is.
   *
   * @throws UnreadableSecretException when it was sealed with another key or has been altered
   */
  @Override
  public byte[] open(Key of, byte[] stored) {
    if (!isSecret(of) || !isSealed(of, stored)) {
      return stored;
    }
    // What was cut off in its header gets another nonce by this, and no tag: it does not open.
    byte[] sealed = Arrays.copyOf(stored, Math.max(stored.length, HEADER_BYTES));
    try {
      return cipher(Cipher.DECRYPT_MODE, of, sealed)
          .doFinal(sealed, HEADER_BYTES, sealed.length - HEADER_BYTES);
    } catch (GeneralSecurityException e) {
      throw new UnreadableSecretException(of, file, e);
    }
  }

  @Override
  public boolean isSealed(Key of, byte[] stored) {
    return !isSecret(of) || Arrays.equals(FORMAT, Arrays.copyOf(stored, FORMAT.length));
  }

  private Cipher cipher(int mode, Key of, byte[] header) throws GeneralSecurityException {
    int nonce = FORMAT.length + KEY_BYTES;
    SecretKey ofThisWrite =
        KDF.getInstance("HKDF-SHA256")
            .deriveKey(
                "AES",
                HKDFParameterSpec.expandOnly(
                    key, Arrays.copyOfRange(header, FORMAT.length, nonce), KEY_BYTES));
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(
        mode,
        ofThisWrite,
        new GCMParameterSpec(TAG_BITS, Arrays.copyOfRange(header, nonce, HEADER_BYTES)));
    cipher.updateAAD(of.path().getBytes(StandardCharsets.UTF_8));
    return cipher;
  }

  private static boolean isSecret(Key of) {
    return of.group().isEmpty() && of.resource().equals("secrets");
  }

  /** A Secret in the data file that can't be read with the key there is. */
  public static final class UnreadableSecretException extends RuntimeException {
    private static final long serialVersionUID = 1;

    UnreadableSecretException(Key of, Path file, Throwable cause) {
      super(
          "Secret %s/%s can't be decrypted with the key in %s: put that file back from the backup that belongs to this data, nothing has been changed"
              .formatted(of.namespace(), of.name(), file),
          cause);
    }
  }
}
