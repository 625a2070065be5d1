package dev.holdfast.crds.storage;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import dev.holdfast.crds.Condition;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The disk as it is, written by the operator.
 *
 * @param usedBy names of the VirtualMachines that have the disk attached now, for people
 * @param holders machines that hold the disk's lease, as their nodes reported last
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record VirtualDiskStatus(
    @Nullable Long observedGeneration,
    @Nullable PrintableStatus printableStatus,
    @Nullable String nodeName,
    @Nullable String path,
    @Nullable String usedBy,
    @Nullable List<Holder> holders,
    @Nullable List<Condition> conditions) {

  /**
   * A machine that holds the disk's lease.
   *
   * @param hostId the node's host id in the lockspace of a sanlock lease
   * @param generation of the host id when the lease was acquired
   * @param version how often the lease had been acquired
   * @param since when it was acquired, RFC 3339
   * @param fencingLevel from 1 to 3: what kills the machine if the lease cannot be renewed
   * @param earliestTakeover when the disk may be taken over, RFC 3339, where the storage shows that
   *     the node does not renew its leases
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Holder(
      String machine,
      String node,
      @Nullable Integer hostId,
      @Nullable Long generation,
      @Nullable Long version,
      String since,
      @Nullable Integer fencingLevel,
      @Nullable String earliestTakeover) {}

  /** The state in one word, for people. */
  public enum PrintableStatus {
    @JsonProperty("Pending")
    PENDING,
    @JsonProperty("Creating")
    CREATING,
    @JsonProperty("Available")
    AVAILABLE,
    @JsonProperty("InUse")
    IN_USE,
    @JsonProperty("Failed")
    FAILED,
    @JsonProperty("Terminating")
    TERMINATING
  }
}
