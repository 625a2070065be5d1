package dev.holdfast.crds.storage;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The pool as the administrator wants it. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record StoragePoolSpec(Dir dir, Leases leases, @Nullable Map<String, String> nodeSelector) {
  /**
   * A directory on every node of the pool.
   *
   * @param path absolute path
   * @param shared whether it is the same storage on every node
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Dir(String path, boolean shared) {
    /** Where the images of disks lie. */
    public String disksPath() {
      return path + "/disks";
    }

    /** Where files for direct kernel boot lie. */
    public String bootPath() {
      return path + "/boot";
    }

    /** Where leases lie. */
    public String leasesPath() {
      return path + "/leases";
    }
  }

  /**
   * How it is made sure that no disk of the pool is written by two machines.
   *
   * @param ioTimeoutSeconds how long one read or write may take, from 1 to 60
   * @param sectorSize 512 or 4096 bytes
   * @param alignMebibytes MiB that each sanlock lease takes: 1, 2, 4 or 8
   * @param lockspace name of the sanlock lockspace, or null for the pool's name
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Leases(
      Backend backend,
      int ioTimeoutSeconds,
      Takeover takeover,
      int sectorSize,
      int alignMebibytes,
      @Nullable String lockspace) {
    /** What a pool has that says nothing of leases. */
    public static final Leases DEFAULT = new Leases(Backend.OFD, 10, Takeover.NONE, 512, 1, null);
  }

  /** Kind of leases, or that there are none. */
  public enum Backend {
    @JsonProperty("none")
    NONE,
    @JsonProperty("ofd")
    OFD,
    @JsonProperty("sanlock")
    SANLOCK
  }

  /** When a machine of a lost node is started on another one without anybody saying so. */
  public enum Takeover {
    /** Never. */
    @JsonProperty("none")
    NONE,
    /** If a watchdog would have reset the lost node by now. */
    @JsonProperty("watchdog")
    WATCHDOG,
    /** As soon as its leases have run out, because the storage shuts such a node out. */
    @JsonProperty("storageFence")
    STORAGE_FENCE,
    /** As soon as its leases have run out, trusting its kernel to have killed the machine. */
    @JsonProperty("bestEffort")
    BEST_EFFORT
  }

  /** Name of the pool's lockspace, if it has sanlock leases. */
  public String lockspaceName(String pool) {
    String lockspace = leases.lockspace();
    return lockspace == null ? pool : lockspace;
  }
}
