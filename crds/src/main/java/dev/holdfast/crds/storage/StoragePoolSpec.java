package dev.holdfast.crds.storage;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The pool as the administrator wants it. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record StoragePoolSpec(Dir dir, @Nullable Map<String, String> nodeSelector) {
  /**
   * A directory on every node of the pool.
   *
   * @param path absolute path
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Dir(String path) {
    /** Where the images of disks lie. */
    public String disksPath() {
      return path + "/disks";
    }

    /** Where files for direct kernel boot lie. */
    public String bootPath() {
      return path + "/boot";
    }
  }
}
