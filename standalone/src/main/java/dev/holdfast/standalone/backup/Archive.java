package dev.holdfast.standalone.backup;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.holdfast.standalone.security.PrivateFiles;
import dev.holdfast.standalone.store.Listing;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * The file that a backup is: a ZIP with the objects (Secrets as they are, not encrypted), the
 * authority with all certificates, the port, the name of the format, and the checksums of all these
 * as {@code sha256sum} writes them.
 */
final class Archive implements AutoCloseable {
  static final String OBJECTS = "objects.jsonl";

  /** What is copied from the data directory. */
  static final List<String> FILES = List.of("pki.p12", "port");

  private static final String FORMAT = "format";
  private static final String FORMAT_1 = "holdfast standalone backup 1\n";
  private static final String SUMS = "SHA256SUMS";

  private final Path file;
  private final ZipFile zip;

  private Archive(Path file, ZipFile zip) {
    this.file = file;
    this.zip = zip;
  }

  /** Writes bytes, as many as it likes. */
  @FunctionalInterface
  interface Contents {
    void writeTo(OutputStream out) throws IOException;
  }

  /**
   * Makes an archive that only its owner may read, and reads it again before it gets its name.
   *
   * @return what is in it
   * @throws IOException when there is such a file, or it can't be written
   */
  static Listing write(Path file, Path dataDirectory, Contents objects) throws IOException {
    Listing[] written = new Listing[1];
    try {
      PrivateFiles.writeNew(
          file,
          unnamed -> {
            write(unnamed, objects, dataDirectory);
            try (Archive archive = open(unnamed)) {
              written[0] = archive.objects(0);
            }
          });
    } catch (FileAlreadyExistsException e) {
      throw new IOException(
          file + " is there already and is left as it is: give the backup another name", e);
    }
    return written[0];
  }

  private static void write(Path file, Contents objects, Path dataDirectory) throws IOException {
    StringBuilder sums = new StringBuilder();
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
      add(zip, FORMAT, out -> out.write(FORMAT_1.getBytes(UTF_8)), sums);
      add(zip, OBJECTS, objects, sums);
      for (String name : FILES) {
        add(zip, name, out -> Files.copy(dataDirectory.resolve(name), out), sums);
      }
      add(zip, SUMS, out -> out.write(sums.toString().getBytes(UTF_8)), new StringBuilder());
    }
  }

  private static void add(ZipOutputStream zip, String name, Contents contents, StringBuilder sums)
      throws IOException {
    MessageDigest digest = sha256();
    zip.putNextEntry(new ZipEntry(name));
    contents.writeTo(new DigestOutputStream(zip, digest));
    zip.closeEntry();
    sums.append(line(name, digest));
  }

  private static String line(String name, MessageDigest digest) {
    return HexFormat.of().formatHex(digest.digest()) + "  " + name + "\n";
  }

  /**
   * Opens an archive when all of it is as it was written.
   *
   * @throws IOException when it is damaged, no backup, or of another version
   */
  static Archive open(Path file) throws IOException {
    ZipFile zip;
    try {
      zip = new ZipFile(file.toFile());
    } catch (ZipException | EOFException e) {
      throw damaged(file, String.valueOf(e.getMessage()));
    }
    Archive archive = new Archive(file, zip);
    try {
      archive.check();
    } catch (ZipException | EOFException e) {
      zip.close();
      throw damaged(file, String.valueOf(e.getMessage()));
    } catch (IOException | RuntimeException e) {
      zip.close();
      throw e;
    }
    return archive;
  }

  private void check() throws IOException {
    String format = new String(bytes(FORMAT), UTF_8);
    if (!format.equals(FORMAT_1)) {
      throw new IOException(
          "%s has the format '%s', this program reads '%s': restore it with the version of Holdfast that made it"
              .formatted(file, format.strip(), FORMAT_1.strip()));
    }
    StringBuilder sums = new StringBuilder();
    for (String name : List.of(FORMAT, OBJECTS, FILES.get(0), FILES.get(1))) {
      MessageDigest digest = sha256();
      try (InputStream in = new DigestInputStream(stream(name), digest)) {
        in.transferTo(OutputStream.nullOutputStream());
      }
      sums.append(line(name, digest));
    }
    if (!sums.toString().equals(new String(bytes(SUMS), UTF_8))) {
      throw damaged(file, "its checksums are not those of its contents");
    }
  }

  private static IOException damaged(Path file, String why) {
    return new IOException(
        file + " is damaged or no backup (" + why + "): take another one, nothing was changed");
  }

  /** The objects, with all revisions moved up. */
  Listing objects(long moveUp) throws IOException {
    try (InputStream in = stream(OBJECTS)) {
      return Snapshot.read(in, moveUp);
    }
  }

  byte[] bytes(String name) throws IOException {
    try (InputStream in = stream(name)) {
      return in.readAllBytes();
    }
  }

  private InputStream stream(String name) throws IOException {
    ZipEntry entry = zip.getEntry(name);
    if (entry == null) {
      throw damaged(file, "it has no " + name);
    }
    return zip.getInputStream(entry);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every Java has it
    }
  }

  @Override
  public void close() throws IOException {
    zip.close();
  }
}
