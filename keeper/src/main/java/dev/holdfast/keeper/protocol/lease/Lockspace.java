package dev.holdfast.keeper.protocol.lease;

import java.nio.file.Path;
import java.util.Objects;

/**
 * A lockspace in sanlock's format, and who this host is in it.
 *
 * @param name the same on all hosts; names have 1 to 48 visible ASCII characters but colons
 * @param path absolute path of the file or block device
 * @param offset where its area begins, in bytes; a multiple of the alignment
 * @param hostId this host's number in it, from 1 to {@link #mostHosts}; no two hosts may have the
 *     same
 * @param hostName this host's unique name: the same name takes its host id back without waiting
 * @param ioTimeoutSeconds 1 to 60. Everything follows from it: renewal every 2, warning after 6,
 *     machines killed after 8 of it
 * @param sectorSize 512 or 4096 bytes
 * @param alignMebibytes size of an area: 1, 2, 4 or 8 MiB; 1 for sectors of 512 bytes
 */
public record Lockspace(
    String name,
    Path path,
    long offset,
    int hostId,
    String hostName,
    int ioTimeoutSeconds,
    int sectorSize,
    int alignMebibytes) {
  /** Longest name of a lockspace, resource or host; a character of it is a byte. */
  public static final int LONGEST_NAME_BYTES = 48;

  private static final int MEBIBYTE = 1024 * 1024;

  public Lockspace {
    requireName(name, "name");
    requireName(hostName, "hostName");
    requireAbsolute(path);
    require(sectorSize == 512 || sectorSize == 4096, "sectorSize must be 512 or 4096");
    require(
        alignMebibytes == 1
            || (sectorSize == 4096
                && (alignMebibytes == 2 || alignMebibytes == 4 || alignMebibytes == 8)),
        "alignMebibytes must be 1, or 2, 4 or 8 with sectors of 4096 bytes");
    require(
        offset >= 0 && offset % ((long) alignMebibytes * MEBIBYTE) == 0,
        "offset must be a multiple of " + alignMebibytes + " MiB");
    int most = mostHosts(sectorSize, alignMebibytes);
    require(hostId >= 1 && hostId <= most, "hostId must be from 1 to " + most);
    require(
        ioTimeoutSeconds >= 1 && ioTimeoutSeconds <= 60, "ioTimeoutSeconds must be from 1 to 60");
  }

  /** The largest host id of the geometry. */
  public static int mostHosts(int sectorSize, int alignMebibytes) {
    return sectorSize == 512 ? 2000 : 250 * alignMebibytes;
  }

  /**
   * On the storage colons and spaces would be allowed too, but they divide the words of sanlock's
   * commands.
   */
  static void requireName(String name, String field) {
    Objects.requireNonNull(name, field + " is missing");
    require(
        !name.isEmpty()
            && name.length() <= LONGEST_NAME_BYTES
            && name.chars().allMatch(each -> each > ' ' && each < 0x7f && each != ':'),
        field
            + " must be 1 to "
            + LONGEST_NAME_BYTES
            + " visible ASCII characters without a colon");
  }

  static void requireAbsolute(Path path) {
    Objects.requireNonNull(path, "path is missing");
    require(path.isAbsolute(), "path must be absolute");
  }

  static void require(boolean condition, String message) {
    if (!condition) {
      throw new IllegalArgumentException(message);
    }
  }
}
