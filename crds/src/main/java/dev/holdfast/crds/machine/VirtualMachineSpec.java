package dev.holdfast.crds.machine;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The machine as the user wants it. Components with a schema default are never absent in a stored
 * object.
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record VirtualMachineSpec(
    RunStrategy runStrategy,
    boolean paused,
    int terminationGracePeriodSeconds,
    Architecture architecture,
    String machine,
    AcceleratorChoice accelerator,
    Cpu cpu,
    Memory memory,
    @Nullable Firmware firmware,
    @Nullable List<Disk> disks,
    @Nullable List<Interface> interfaces,
    @Nullable Map<String, String> nodeSelector) {

  /** Whether and how often the machine runs. */
  public enum RunStrategy {
    @JsonProperty("Always")
    ALWAYS,
    @JsonProperty("RerunOnFailure")
    RERUN_ON_FAILURE,
    @JsonProperty("Once")
    ONCE,
    @JsonProperty("Halted")
    HALTED
  }

  /** The accelerator that the user asks for; auto leaves the choice to placement. */
  public enum AcceleratorChoice {
    @JsonProperty("auto")
    AUTO,
    @JsonProperty("kvm")
    KVM,
    @JsonProperty("tcg")
    TCG
  }

  /**
   * Virtual CPUs; their number is sockets x cores x threads.
   *
   * @param model QEMU CPU model, or null for the best of the node
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Cpu(int sockets, int cores, int threads, @Nullable String model) {
    /** Number of virtual CPUs. */
    public int count() {
      return sockets * cores * threads;
    }
  }

  /** Memory that the guest sees. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Memory(Quantity guest) {}

  /** How the machine boots. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Firmware(@Nullable KernelBoot kernelBoot) {}

  /** Direct boot of a Linux kernel; the files are relative to the boot directory of the pool. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record KernelBoot(
      String poolRef, String kernel, @Nullable String initrd, @Nullable String commandLine) {}

  /**
   * A disk of the machine.
   *
   * @param name unique in the machine; the serial number that the guest sees
   * @param diskRef VirtualDisk in the machine's namespace
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Disk(
      String name,
      String diskRef,
      @Nullable Boolean readOnly,
      @Nullable CacheMode cache,
      @Nullable Integer bootOrder) {}

  /**
   * A network interface of the machine.
   *
   * @param name unique in the machine
   * @param networkRef VirtualNetwork in the machine's namespace
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Interface(
      String name,
      String networkRef,
      @Nullable InterfaceModel model,
      @Nullable String macAddress) {}
}
