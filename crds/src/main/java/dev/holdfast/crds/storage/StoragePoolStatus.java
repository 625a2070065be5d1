package dev.holdfast.crds.storage;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.holdfast.crds.Condition;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The pool as it is, written by the operator.
 *
 * @param nodes number of nodes on which the pool can be used
 * @param lockspace where the sanlock lockspace lies, if the pool has one
 * @param hosts host ids of the nodes in the lockspace
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record StoragePoolStatus(
    @Nullable Long observedGeneration,
    @Nullable Integer nodes,
    @Nullable Lockspace lockspace,
    @Nullable List<Host> hosts,
    @Nullable List<Condition> conditions) {

  /** The hosts, empty where there are none. */
  public List<Host> hostsOrEmpty() {
    return hosts == null ? List.of() : hosts;
  }

  /**
   * A sanlock lockspace.
   *
   * @param path absolute path of the file on every node
   * @param offset place in the file in bytes
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Lockspace(String name, String path, long offset) {}

  /**
   * A node's host id.
   *
   * @param hostId from 1
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Host(String node, int hostId) {}
}
