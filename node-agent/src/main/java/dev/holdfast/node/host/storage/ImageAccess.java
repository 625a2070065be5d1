package dev.holdfast.node.host.storage;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import dev.holdfast.node.host.HostException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Set;

/** Who may open an image: one user, or the members of a group that several machines are in. */
record ImageAccess(int uid, int gid, Set<PosixFilePermission> mode) {
  static final Set<PosixFilePermission> OF_ONE = PosixFilePermissions.fromString("rw-------");
  private static final Set<PosixFilePermission> OF_A_GROUP =
      PosixFilePermissions.fromString("rw-rw----");
  private static final int ROOT = 0;

  static ImageAccess ofUser(int uid) {
    return new ImageAccess(uid, uid, OF_ONE);
  }

  static ImageAccess ofGroup(int gid) {
    return new ImageAccess(ROOT, gid, OF_A_GROUP);
  }

  static ImageAccess read(Path image) throws IOException {
    Map<String, Object> attributes =
        Files.readAttributes(image, "unix:uid,gid,permissions", NOFOLLOW_LINKS);
    return new ImageAccess(
        number(attributes, "uid"),
        number(attributes, "gid"),
        Files.getPosixFilePermissions(image, NOFOLLOW_LINKS));
  }

  private static int number(Map<String, Object> attributes, String name) throws IOException {
    if (attributes.get(name) instanceof Integer number) {
      return number;
    }
    throw new IOException("no " + name + " in " + attributes);
  }

  /** The group whose members share the image, or 0. */
  int sharedGroup() {
    return equals(ofGroup(gid)) ? gid : 0;
  }

  /**
   * Never follows a symbolic link.
   *
   * @throws HostException with reason {@code ImageMissing} when there is no regular file
   */
  void applyTo(Path image) throws IOException, HostException {
    if (!Files.isRegularFile(image, NOFOLLOW_LINKS)) {
      throw new HostException(
          "ImageMissing",
          "There is no image at %s to give to user %d and group %d".formatted(image, uid, gid));
    }
    // Nobody may open it while it changes hands.
    Files.setAttribute(image, "posix:permissions", OF_ONE, NOFOLLOW_LINKS);
    Files.setAttribute(image, "unix:gid", gid, NOFOLLOW_LINKS);
    Files.setAttribute(image, "unix:uid", uid, NOFOLLOW_LINKS);
    Files.setAttribute(image, "posix:permissions", mode, NOFOLLOW_LINKS);
  }
}
