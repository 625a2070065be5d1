package dev.holdfast.crds.storage;

import com.fasterxml.jackson.annotation.JsonInclude;

/**
 * A disk image with everything resolved; only {@code reclaimPolicy} changes while the instance
 * lives.
 *
 * @param poolPath absolute path of the pool's directory on the node
 * @param path absolute path of the image, below {@code poolPath}
 * @param capacityBytes size that the guest sees in bytes, at least 1 MiB
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record VirtualDiskInstanceSpec(
    String nodeName,
    String poolName,
    String poolPath,
    String path,
    long capacityBytes,
    DiskFormat format,
    ReclaimPolicy reclaimPolicy) {}
