package dev.holdfast.standalone.backup;

import dev.holdfast.standalone.security.CertificateAuthority;
import dev.holdfast.standalone.security.Identity;
import dev.holdfast.standalone.security.PrivateFiles;
import dev.holdfast.standalone.security.SecretsAtRest;
import dev.holdfast.standalone.store.Listing;
import dev.holdfast.standalone.store.ObjectStore;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Saves a data directory as one file, and makes a data directory of such a file. */
public final class Backup {
  /**
   * So far revisions are moved up by a restore. What clients have seen after the backup was made is
   * below that, so that no revision ever means two things: they get 410 and read again. As much as
   * Kubernetes advises for {@code etcdutl snapshot restore --bump-revision}.
   */
  static final long MOVE_UP = 1_000_000_000;

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Pattern SERVER = Pattern.compile("(?m)^ *server: (\\S+)$");

  private Backup() {}

  /**
   * Writes a new file with everything that the directory has at one moment, whether a control plane
   * runs in it or not.
   *
   * @return what is in it
   * @throws IOException when it can't be read or written; then there is no file
   */
  public static Listing save(Path directory, Path file) throws IOException, InterruptedException {
    Path objects = directory.resolve("objects.mv");
    if (!Files.exists(objects)) {
      throw new IOException(directory + " holds no control plane: it has no " + objects);
    }
    Listing stopped =
        ObjectStore.read(objects, SecretsAtRest.open(directory.resolve("secrets.key")));
    if (stopped != null) {
      return Archive.write(file, directory, out -> Snapshot.write(stopped, out));
    }
    try (HttpClient client = client(directory);
        InputStream running = ask(client, directory)) {
      return Archive.write(file, directory, running::transferTo);
    } catch (GeneralSecurityException e) {
      throw new IOException("the certificates in " + directory + " can't be used: " + e, e);
    }
  }

  private static InputStream ask(HttpClient client, Path directory)
      throws IOException, InterruptedException {
    Matcher server = SERVER.matcher(Files.readString(directory.resolve("kubeconfig")));
    String url = server.find() ? server.group(1) : "";
    try {
      HttpResponse<InputStream> answer =
          client.send(
              HttpRequest.newBuilder(URI.create(url + Snapshot.PATH)).timeout(PATIENCE).build(),
              BodyHandlers.ofInputStream());
      if (answer.statusCode() == 200) {
        return answer.body();
      }
      try (InputStream body = answer.body()) {
        throw new IOException(new String(body.readAllBytes(), StandardCharsets.UTF_8));
      }
    } catch (IOException e) {
      throw new IOException(
          "%s is in use, but the control plane does not answer at %s (%s): wait until it has started, or stop it"
              .formatted(directory, url, e),
          e);
    }
  }

  private static HttpClient client(Path directory) throws IOException, GeneralSecurityException {
    CertificateAuthority authority =
        CertificateAuthority.open(directory.resolve("pki.p12"), Clock.systemUTC());
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(authority.client(new Identity.Admin()), authority.password().toCharArray());
    TrustManagerFactory trusted =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trusted.init(authority.trusted());
    SSLContext tls = SSLContext.getInstance("TLS");
    tls.init(keys.getKeyManagers(), trusted.getTrustManagers(), null);
    return HttpClient.newBuilder().sslContext(tls).connectTimeout(PATIENCE).build();
  }

  /**
   * Makes a data directory. It appears complete, or not at all.
   *
   * @param directory one that is empty, or that is not there
   * @return what is in it
   * @throws IOException when the archive is damaged, or the directory can't be made
   */
  public static Listing restore(Path file, Path directory) throws IOException {
    Path target = Files.exists(directory) ? directory.toRealPath() : directory.toAbsolutePath();
    Path parent = target.getParent();
    requireEmpty(target);
    if (parent == null) {
      throw new IOException(target + " can't be replaced: give a directory below it");
    }
    try (Archive archive = Archive.open(file)) {
      PrivateFiles.createDirectory(parent);
      Path unfinished = Files.createTempDirectory(parent, target.getFileName() + ".restoring-");
      try {
        Listing objects = fill(unfinished, archive);
        place(unfinished, target);
        PrivateFiles.sync(parent);
        return objects;
      } finally {
        delete(unfinished);
      }
    }
  }

  private static void place(Path unfinished, Path target) throws IOException {
    try {
      // Replaces a directory only if it is empty: rename(2).
      Files.move(unfinished, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (FileSystemException e) {
      throw new IOException(
          "%s can't be made (%s): is it in use, or a mount point? Then give a directory below it"
              .formatted(target, e.getMessage()),
          e);
    }
  }

  private static void requireEmpty(Path directory) throws IOException {
    if (Files.exists(directory)) {
      try (Stream<Path> files = Files.list(directory)) {
        if (files.findAny().isPresent()) {
          throw new IOException(
              directory
                  + " is not empty: stop the control plane that uses it and move it away, or give"
                  + " another directory");
        }
      }
    }
  }

  private static Listing fill(Path directory, Archive archive) throws IOException {
    Listing objects = archive.objects(MOVE_UP);
    // With a new key: whoever has the old one can read nothing of what is written from now on.
    ObjectStore.write(
        directory.resolve("objects.mv"),
        SecretsAtRest.open(directory.resolve("secrets.key")),
        objects);
    for (String name : Archive.FILES) {
      PrivateFiles.write(directory.resolve(name), archive.bytes(name));
    }
    PrivateFiles.sync(directory);
    return objects;
  }

  private static void delete(Path directory) throws IOException {
    if (Files.exists(directory)) {
      try (Stream<Path> all = Files.walk(directory)) {
        List<Path> deepestFirst = all.sorted(Comparator.reverseOrder()).toList();
        for (Path path : deepestFirst) {
          Files.delete(path);
        }
      }
    }
  }
}
