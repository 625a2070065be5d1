package dev.holdfast.crds.storage;

import com.fasterxml.jackson.annotation.JsonInclude;
import org.jspecify.annotations.Nullable;

/**
 * A disk image with everything resolved; only {@code reclaimPolicy} changes while the instance
 * lives. In a shared pool the node is only the one that makes and deletes the image.
 *
 * @param poolPath absolute path of the pool's directory on the node
 * @param path absolute path of the image, below {@code poolPath}
 * @param capacityBytes size that the guest sees in bytes, at least 1 MiB
 * @param group group of its own that the image belongs to on the node, for shared access modes
 * @param lease what a machine must hold before it opens the image, or null for nothing
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record VirtualDiskInstanceSpec(
    String nodeName,
    String poolName,
    String poolPath,
    String path,
    long capacityBytes,
    DiskFormat format,
    ReclaimPolicy reclaimPolicy,
    AccessMode accessMode,
    @Nullable Integer group,
    @Nullable Lease lease) {

  /**
   * A lease and where it lies.
   *
   * @param lockspace of a sanlock lease, at most 48 bytes
   * @param resource name of a sanlock lease in its lockspace, at most 48 bytes
   * @param path absolute path of the file on the node
   * @param offset place of a sanlock lease in the file in bytes
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Lease(
      LeaseBackend backend,
      @Nullable String lockspace,
      @Nullable String resource,
      String path,
      @Nullable Long offset) {}
}
