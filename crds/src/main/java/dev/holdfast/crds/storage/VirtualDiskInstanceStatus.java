package dev.holdfast.crds.storage;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import dev.holdfast.crds.Condition;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The image as it is, written by the node's agent.
 *
 * @param createdAt when the image was first seen complete, RFC 3339; stays also when the image is
 *     lost
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record VirtualDiskInstanceStatus(
    @Nullable Long observedGeneration,
    @Nullable Phase phase,
    @Nullable String createdAt,
    @Nullable List<Condition> conditions) {

  /** Where the image is in its life. */
  public enum Phase {
    @JsonProperty("Pending")
    PENDING,
    @JsonProperty("Creating")
    CREATING,
    @JsonProperty("Ready")
    READY,
    @JsonProperty("Failed")
    FAILED,
    @JsonProperty("Deleting")
    DELETING
  }
}
