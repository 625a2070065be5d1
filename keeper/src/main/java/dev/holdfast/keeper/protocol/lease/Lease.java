package dev.holdfast.keeper.protocol.lease;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The right to use a disk, as a place on storage. Constructors refuse what no keeper could do, with
 * {@link IllegalArgumentException} or {@link NullPointerException}.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
  @JsonSubTypes.Type(value = Lease.Sanlock.class, name = "sanlock"),
  @JsonSubTypes.Type(value = Lease.Ofd.class, name = "ofd")
})
public sealed interface Lease {
  /** Absolute path of the file or block device that the lease is on. */
  Path path();

  LeaseMode mode();

  /**
   * A renewed lease in sanlock's format.
   *
   * @param lockspace name of a lockspace that this host has joined
   * @param resource name of the lease, unique in the lockspace
   * @param offset where its area begins, in bytes; a multiple of the lockspace's alignment
   * @param version the version that it must have, for resuming a paused machine: another one means
   *     that somebody else held it in between; absent where any will do
   */
  record Sanlock(
      String lockspace,
      String resource,
      Path path,
      long offset,
      LeaseMode mode,
      @Nullable Long version)
      implements Lease {
    public Sanlock {
      Lockspace.requireName(lockspace, "lockspace");
      Lockspace.requireName(resource, "resource");
      Lockspace.requireAbsolute(path);
      Lockspace.require(offset >= 0, "offset must not be negative");
      Objects.requireNonNull(mode, "mode is missing");
    }
  }

  /**
   * A lock of an open file description (fcntl(2), F_OFD_SETLK), which the machine's own process
   * holds and which therefore needs no renewal.
   *
   * @param path the lock file, made where it is missing; its directory must exist
   */
  record Ofd(Path path, LeaseMode mode) implements Lease {
    public Ofd {
      Lockspace.requireAbsolute(path);
      Objects.requireNonNull(mode, "mode is missing");
    }
  }
}
