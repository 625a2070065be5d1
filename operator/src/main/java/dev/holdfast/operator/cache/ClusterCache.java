package dev.holdfast.operator.cache;

import dev.holdfast.crds.Holdfast;
import dev.holdfast.crds.machine.VirtualMachine;
import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.machine.VirtualMachineSpec;
import dev.holdfast.crds.network.VirtualNetwork;
import dev.holdfast.crds.node.HypervisorNode;
import dev.holdfast.crds.storage.StoragePool;
import dev.holdfast.crds.storage.VirtualDisk;
import dev.holdfast.crds.storage.VirtualDiskInstance;
import dev.holdfast.crds.storage.VirtualDiskInstanceSpec;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * Everything that a decision looks at. Controllers of the Java Operator SDK do not share informers,
 * so the kinds that several of them read are watched here, once for all namespaces.
 */
public final class ClusterCache implements AutoCloseable {
  /** Machines and instances by {@code namespace/disk}. */
  public static final String BY_DISK = "disk";

  /** Machines and instances by {@code namespace/network}. */
  public static final String BY_NETWORK = "network";

  /** Instances of both kinds by node. */
  public static final String BY_NODE = "node";

  /** Machines (direct kernel boot), disks and their instances by pool. */
  public static final String BY_POOL = "pool";

  /** Instances of disks by what identifies their lease on the storage. */
  public static final String BY_LEASE = "lease";

  /** Instances of disks by whether they have a group of their own. */
  static final String BY_GROUP = "group";

  /** The only key of {@link #BY_GROUP}. */
  static final String WITH_GROUP = "own";

  private static final Duration SYNC_TIMEOUT = Duration.ofSeconds(60);

  private final List<Watched<?>> kinds = new ArrayList<>();
  private final Watched<VirtualMachine> machines;
  private final Assuming<VirtualMachineInstance> instances;
  private final Watched<VirtualDisk> disks;
  private final Assuming<VirtualDiskInstance> diskInstances;
  private final Watched<VirtualNetwork> networks;
  private final Watched<StoragePool> pools;
  private final Watched<HypervisorNode> nodes;
  private final Watched<Lease> heartbeats;

  public ClusterCache(KubernetesClient client) {
    machines =
        keep(
            new Watched<>(
                client.resources(VirtualMachine.class).inAnyNamespace(),
                Map.of(
                    BY_DISK, ClusterCache::disksOf,
                    BY_NETWORK, ClusterCache::networksOf,
                    BY_POOL, ClusterCache::poolsOf)));
    instances =
        new Assuming<>(
            keep(
                new Watched<>(
                    client.resources(VirtualMachineInstance.class).inAnyNamespace(),
                    Map.of(
                        BY_DISK, ClusterCache::disksOf,
                        BY_NETWORK, ClusterCache::networksOf,
                        BY_NODE, instance -> List.of(instance.getSpec().nodeName())))));
    disks =
        keep(
            new Watched<>(
                client.resources(VirtualDisk.class).inAnyNamespace(),
                Map.of(BY_POOL, disk -> List.of(disk.getSpec().poolRef()))));
    diskInstances =
        new Assuming<>(
            keep(
                new Watched<>(
                    client.resources(VirtualDiskInstance.class).inAnyNamespace(),
                    Map.of(
                        BY_NODE, instance -> List.of(instance.getSpec().nodeName()),
                        BY_POOL, instance -> List.of(instance.getSpec().poolName()),
                        BY_LEASE, ClusterCache::leasesOf,
                        BY_GROUP,
                            instance ->
                                instance.getSpec().group() == null
                                    ? List.of()
                                    : List.of(WITH_GROUP)))));
    networks =
        keep(new Watched<>(client.resources(VirtualNetwork.class).inAnyNamespace(), Map.of()));
    pools = keep(new Watched<>(client.resources(StoragePool.class), Map.of()));
    nodes = keep(new Watched<>(client.resources(HypervisorNode.class), Map.of()));
    heartbeats =
        keep(new Watched<>(client.leases().inNamespace(Holdfast.SYSTEM_NAMESPACE), Map.of()));
  }

  /** Index key of something that is named inside of a namespace. */
  public static String key(String namespace, String name) {
    return namespace + "/" + name;
  }

  /**
   * Starts all watches and waits until everything is here.
   *
   * @param onStopped called if a watch ends for ever, after which the cache would only be stale
   * @throws IllegalStateException if the objects cannot be listed
   */
  public void start(Consumer<Throwable> onStopped) {
    CompletableFuture<?>[] started =
        kinds.stream().map(kind -> kind.start(onStopped)).toArray(CompletableFuture[]::new);
    try {
      CompletableFuture.allOf(started).get(SYNC_TIMEOUT.toSeconds(), TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while reading the cluster", e);
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException(
          "cannot list the Holdfast kinds: check that their CustomResourceDefinitions are"
              + " installed and that the operator may list and watch them",
          e);
    }
  }

  public Watched<VirtualMachine> machines() {
    return machines;
  }

  public Assuming<VirtualMachineInstance> instances() {
    return instances;
  }

  public Watched<VirtualDisk> disks() {
    return disks;
  }

  public Assuming<VirtualDiskInstance> diskInstances() {
    return diskInstances;
  }

  public Watched<VirtualNetwork> networks() {
    return networks;
  }

  public Watched<StoragePool> pools() {
    return pools;
  }

  public Watched<HypervisorNode> nodes() {
    return nodes;
  }

  /** The nodes' heartbeats, named as the nodes. */
  public Watched<Lease> heartbeats() {
    return heartbeats;
  }

  @Override
  public void close() {
    kinds.forEach(Watched::close);
  }

  /** Index keys of the disks that a machine names. */
  public static List<String> disksOf(VirtualMachine machine) {
    List<VirtualMachineSpec.Disk> disks = machine.getSpec().disks();
    String namespace = machine.getMetadata().getNamespace();
    return disks == null
        ? List.of()
        : disks.stream().map(disk -> key(namespace, disk.diskRef())).toList();
  }

  /** Index keys of the disks that an instance has. */
  public static List<String> disksOf(VirtualMachineInstance instance) {
    String namespace = instance.getMetadata().getNamespace();
    return instance.getSpec().disksOrEmpty().stream()
        .map(disk -> key(namespace, disk.diskRef()))
        .toList();
  }

  /** Index key of a lease. */
  public static String key(VirtualDiskInstanceSpec.Lease lease) {
    Long offset = lease.offset();
    return offset == null ? lease.path() : lease.path() + ":" + offset;
  }

  private static List<String> leasesOf(VirtualDiskInstance instance) {
    VirtualDiskInstanceSpec.Lease lease = instance.getSpec().lease();
    return lease == null ? List.of() : List.of(key(lease));
  }

  private static List<String> networksOf(VirtualMachine machine) {
    List<VirtualMachineSpec.Interface> interfaces = machine.getSpec().interfaces();
    String namespace = machine.getMetadata().getNamespace();
    return interfaces == null
        ? List.of()
        : interfaces.stream().map(i -> key(namespace, i.networkRef())).distinct().toList();
  }

  /** Index keys of the networks that an instance is plugged into. */
  public static List<String> networksOf(VirtualMachineInstance instance) {
    String namespace = instance.getMetadata().getNamespace();
    return instance.getSpec().interfacesOrEmpty().stream()
        .map(i -> key(namespace, i.network().name()))
        .distinct()
        .toList();
  }

  private static List<String> poolsOf(VirtualMachine machine) {
    VirtualMachineSpec.Firmware firmware = machine.getSpec().firmware();
    if (firmware == null) {
      return List.of();
    }
    VirtualMachineSpec.KernelBoot boot = firmware.kernelBoot();
    return boot == null ? List.of() : List.of(boot.poolRef());
  }

  private <W extends Watched<?>> W keep(W watched) {
    kinds.add(watched);
    return watched;
  }
}
