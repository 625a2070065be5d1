package dev.holdfast.crds.storage;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import dev.holdfast.crds.Condition;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The disk as it is, written by the operator.
 *
 * @param usedBy VirtualMachine that has the disk attached now
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record VirtualDiskStatus(
    @Nullable Long observedGeneration,
    @Nullable PrintableStatus printableStatus,
    @Nullable String nodeName,
    @Nullable String path,
    @Nullable String usedBy,
    @Nullable List<Condition> conditions) {

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
