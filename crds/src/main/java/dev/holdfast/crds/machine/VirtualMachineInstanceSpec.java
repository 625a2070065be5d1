package dev.holdfast.crds.machine;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import dev.holdfast.crds.network.ForwardMode;
import dev.holdfast.crds.storage.DiskFormat;
import dev.holdfast.crds.storage.LeaseBackend;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A machine with everything resolved that its guest could notice. Only {@code paused}, {@code
 * restartPolicy}, {@code terminationGracePeriodSeconds} and {@code vmGeneration} change while the
 * instance lives.
 *
 * @param vmGeneration generation of the VirtualMachine that was evaluated last
 * @param machineType versioned QEMU machine type, such as {@code pc-q35-7.2}
 * @param memoryBytes guest memory in bytes, at least 16 MiB
 * @param uid user and group that QEMU runs as on the host, unique in the cluster
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record VirtualMachineInstanceSpec(
    String nodeName,
    String uuid,
    long vmGeneration,
    RestartPolicy restartPolicy,
    boolean paused,
    int terminationGracePeriodSeconds,
    String machineType,
    Accelerator accelerator,
    Cpu cpu,
    long memoryBytes,
    int uid,
    @Nullable KernelBoot kernelBoot,
    @Nullable List<Disk> disks,
    @Nullable List<Interface> interfaces) {

  /** The disks, empty where there are none. */
  public List<Disk> disksOrEmpty() {
    return disks == null ? List.of() : disks;
  }

  /** The interfaces, empty where there are none. */
  public List<Interface> interfacesOrEmpty() {
    return interfaces == null ? List.of() : interfaces;
  }

  /** When the node agent starts QEMU again. */
  public enum RestartPolicy {
    @JsonProperty("Always")
    ALWAYS,
    @JsonProperty("OnFailure")
    ON_FAILURE,
    @JsonProperty("Never")
    NEVER
  }

  /** Virtual CPUs. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Cpu(String model, int sockets, int cores, int threads) {
    /** Number of virtual CPUs. */
    public int count() {
      return sockets * cores * threads;
    }
  }

  /** Direct kernel boot with absolute paths on the node. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record KernelBoot(String kernel, @Nullable String initrd, @Nullable String commandLine) {}

  /**
   * A disk.
   *
   * @param name unique in the machine; the serial number of the device
   * @param diskRef VirtualDisk in the instance's namespace
   * @param path absolute path of the image on the node
   * @param bootIndex position in the boot order from 1, or null
   * @param slot PCI Express root port from 1 to 31
   * @param group supplementary group of QEMU that a shared image belongs to, or null
   * @param lease what must be held while QEMU has the image open, or null for nothing
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Disk(
      String name,
      String diskRef,
      String path,
      DiskFormat format,
      boolean readOnly,
      CacheMode cache,
      @Nullable Integer bootIndex,
      int slot,
      @Nullable Integer group,
      @Nullable Lease lease) {

    /** Whether other machines may write to the image at the same time: it has a group then. */
    public boolean shareWrites() {
      return !readOnly && group != null;
    }
  }

  /**
   * A lease, where it lies and how it is to be held.
   *
   * @param lockspace of a sanlock lease, at most 48 bytes
   * @param resource name of a sanlock lease in its lockspace, at most 48 bytes
   * @param path absolute path of the file on the node
   * @param offset place of a sanlock lease in the file in bytes
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Lease(
      LeaseBackend backend,
      LeaseMode mode,
      @Nullable String lockspace,
      @Nullable String resource,
      String path,
      @Nullable Long offset) {}

  /** Whether others may hold a lease too. */
  public enum LeaseMode {
    @JsonProperty("Exclusive")
    EXCLUSIVE,
    @JsonProperty("Shared")
    SHARED
  }

  /**
   * A network interface.
   *
   * @param tap name of the tap device on the node, at most 15 characters
   * @param ipAddress address that DHCP hands out to the interface, or null
   * @param slot PCI Express root port from 1 to 31
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Interface(
      String name,
      InterfaceModel model,
      String macAddress,
      @Nullable String ipAddress,
      String tap,
      int slot,
      Network network) {}

  /**
   * The network that the node must have for an interface.
   *
   * @param bridge name of the bridge on the node, at most 15 characters
   * @param subnet IPv4 subnet in CIDR notation
   * @param gateway address of the bridge in the subnet
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Network(
      String name, ForwardMode mode, String bridge, String subnet, String gateway) {}
}
