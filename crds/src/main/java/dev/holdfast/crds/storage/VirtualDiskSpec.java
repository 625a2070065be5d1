package dev.holdfast.crds.storage;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.fabric8.kubernetes.api.model.Quantity;
import org.jspecify.annotations.Nullable;

/**
 * The disk as the user wants it; only {@code reclaimPolicy} may change.
 *
 * @param lease area of a sanlock lease that others know already, or null for one of its own
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record VirtualDiskSpec(
    String poolRef,
    Quantity capacity,
    DiskFormat format,
    ReclaimPolicy reclaimPolicy,
    AccessMode accessMode,
    @Nullable ManualLease lease) {

  /**
   * A sanlock lease that the user chose.
   *
   * @param path absolute path of the file that holds it
   * @param offset place in the file in bytes, a multiple of 1 MiB
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record ManualLease(String lockspace, String resource, String path, long offset) {}
}
