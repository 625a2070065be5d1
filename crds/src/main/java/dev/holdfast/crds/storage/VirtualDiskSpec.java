package dev.holdfast.crds.storage;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.fabric8.kubernetes.api.model.Quantity;

/** The disk as the user wants it; only {@code reclaimPolicy} may change. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record VirtualDiskSpec(
    String poolRef, Quantity capacity, DiskFormat format, ReclaimPolicy reclaimPolicy) {}
