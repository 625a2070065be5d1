package dev.holdfast.node.agent;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus;
import dev.holdfast.crds.storage.StoragePool;
import dev.holdfast.crds.storage.StoragePoolSpec;
import dev.holdfast.crds.storage.StoragePoolStatus;
import dev.holdfast.crds.storage.VirtualDiskInstance;
import dev.holdfast.crds.storage.VirtualDiskInstanceStatus;
import dev.holdfast.keeper.protocol.lease.Lockspace;
import dev.holdfast.node.agent.status.InstanceStatus;
import dev.holdfast.node.plan.Desired;
import dev.holdfast.node.plan.HostLeases.LockspaceDefinition;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What the API server wants on this node, kept current by informers. */
final class ControlPlane implements AutoCloseable {
  private static final String BY_UUID = "uuid";
  private static final String BY_PATH = "path";

  private final KubernetesClient client;
  private final String nodeName;
  private final SharedIndexInformer<VirtualMachineInstance> machines;
  private final SharedIndexInformer<VirtualDiskInstance> disks;
  private final SharedIndexInformer<StoragePool> pools;

  ControlPlane(KubernetesClient client, String nodeName) {
    this.client = client;
    this.nodeName = nodeName;
    machines =
        client
            .resources(VirtualMachineInstance.class)
            .inAnyNamespace()
            .withField("spec.nodeName", nodeName)
            .runnableInformer(0);
    disks =
        client
            .resources(VirtualDiskInstance.class)
            .inAnyNamespace()
            .withField("spec.nodeName", nodeName)
            .runnableInformer(0);
    pools = client.resources(StoragePool.class).runnableInformer(0);
    machines.addIndexers(Map.of(BY_UUID, m -> List.of(m.getSpec().uuid())));
    disks.addIndexers(Map.of(BY_PATH, d -> List.of(d.getSpec().path())));
  }

  /**
   * Starts watching and waits until all objects have been read once. Before that, everything on the
   * host would seem unwanted.
   *
   * @throws TimeoutException when the API server does not answer within that time
   */
  void start(Duration patience) throws TimeoutException, InterruptedException {
    informers()
        .forEach(
            informer -> {
              // Without a handler that always says yes, one failed list ends an informer for good.
              informer.exceptionHandler((started, failure) -> true);
              var _ = informer.start();
            });
    long deadline = System.nanoTime() + patience.toNanos();
    while (!informers().allMatch(SharedIndexInformer::hasSynced)) {
      if (System.nanoTime() > deadline) {
        throw new TimeoutException(
            "the API server at %s has not answered for %d s; is it running, and are the CRDs installed?"
                .formatted(client.getMasterUrl(), patience.toSeconds()));
      }
      Thread.sleep(10);
    }
  }

  /**
   * Has the listeners called for each object now and whenever one changes. They are given UUIDs,
   * paths of images and names of pools.
   */
  void onChange(Consumer<String> onMachine, Consumer<String> onDisk, Consumer<String> onPool) {
    machines.addEventHandler(handler(m -> m.getSpec().uuid(), onMachine));
    disks.addEventHandler(handler(d -> d.getSpec().path(), onDisk));
    pools.addEventHandler(handler(p -> p.getMetadata().getName(), onPool));
  }

  private Stream<SharedIndexInformer<?>> informers() {
    return Stream.of(machines, disks, pools);
  }

  Optional<VirtualMachineInstance> machine(String uuid) {
    return machines.getIndexer().byIndex(BY_UUID, uuid).stream().findFirst();
  }

  Optional<VirtualDiskInstance> disk(String path) {
    return disks.getIndexer().byIndex(BY_PATH, path).stream().findFirst();
  }

  List<StoragePool> pools() {
    return pools.getStore().list();
  }

  /**
   * Everything that is wanted.
   *
   * @param notBefore when the machine with a UUID may be started again, or null for at once
   * @param leases what became of the machines' leases
   */
  Desired desired(Function<String, @Nullable Instant> notBefore, LeaseMemory leases) {
    Map<String, Desired.Machine> wantedMachines = new HashMap<>();
    for (VirtualMachineInstance machine : machines.getStore().list()) {
      String uuid = machine.getSpec().uuid();
      wantedMachines.put(uuid, wanted(machine, notBefore.apply(uuid), leases));
    }
    Map<String, Desired.Disk> wantedDisks = new HashMap<>();
    for (VirtualDiskInstance disk : disks.getStore().list()) {
      wantedDisks.put(disk.getSpec().path(), wanted(disk));
    }
    Map<String, LockspaceDefinition> wantedLockspaces = new HashMap<>();
    for (StoragePool pool : pools.getStore().list()) {
      lockspace(pool).ifPresent(each -> wantedLockspaces.put(each.name(), each));
    }
    return new Desired(wantedMachines, wantedDisks, wantedLockspaces);
  }

  /** What the pool's lockspace is to be on this node; empty where the node has no host id in it. */
  Optional<LockspaceDefinition> lockspace(StoragePool pool) {
    StoragePoolSpec.Leases leases = pool.getSpec().leases();
    StoragePoolStatus status = pool.getStatus();
    StoragePoolStatus.Lockspace place = status == null ? null : status.lockspace();
    if (leases.backend() != StoragePoolSpec.Backend.SANLOCK || status == null || place == null) {
      return Optional.empty();
    }
    return status.hostsOrEmpty().stream()
        .filter(host -> host.node().equals(nodeName))
        .findFirst()
        .map(
            host ->
                new LockspaceDefinition(
                    place.name(),
                    place.path(),
                    place.offset(),
                    host.hostId(),
                    hostName(pool),
                    leases.ioTimeoutSeconds(),
                    leases.sectorSize(),
                    leases.alignMebibytes()));
  }

  /**
   * This node's name on the storage, at most 48 bytes: two clusters that use one storage by mistake
   * must not take each other's nodes for their own, so the pool's identity is in it.
   */
  private String hostName(StoragePool pool) {
    String end = "." + pool.getMetadata().getUid().substring(0, 8);
    String whole = nodeName + end;
    if (whole.length() <= Lockspace.LONGEST_NAME_BYTES) {
      return whole;
    }
    String hash = UUID.nameUUIDFromBytes(nodeName.getBytes(UTF_8)).toString().substring(0, 8);
    int room = Lockspace.LONGEST_NAME_BYTES - end.length() - hash.length() - 1;
    return nodeName.substring(0, room) + "-" + hash + end;
  }

  private static Desired.Machine wanted(
      VirtualMachineInstance machine, @Nullable Instant notBefore, LeaseMemory leases) {
    VirtualMachineInstanceStatus status = machine.getStatus();
    String deletedAt = machine.getMetadata().getDeletionTimestamp();
    return new Desired.Machine(
        nameOf(machine),
        machine.getSpec(),
        deletedAt == null ? null : Instant.parse(deletedAt),
        status != null && status.startTime() != null,
        status != null && InstanceStatus.isFinal(status.phase()),
        notBefore,
        leases.history(machine));
  }

  private static Desired.Disk wanted(VirtualDiskInstance disk) {
    VirtualDiskInstanceStatus status = disk.getStatus();
    return new Desired.Disk(
        nameOf(disk),
        disk.getSpec(),
        disk.getMetadata().getDeletionTimestamp() != null,
        status != null && status.createdAt() != null);
  }

  private static String nameOf(HasMetadata object) {
    return object.getMetadata().getNamespace() + "/" + object.getMetadata().getName();
  }

  private static <T extends HasMetadata> ResourceEventHandler<T> handler(
      Function<T, String> key, Consumer<String> listener) {
    return new ResourceEventHandler<>() {
      @Override
      public void onAdd(T object) {
        listener.accept(key.apply(object));
      }

      @Override
      public void onUpdate(T before, T after) {
        if (!Objects.equals(
            before.getMetadata().getResourceVersion(), after.getMetadata().getResourceVersion())) {
          listener.accept(key.apply(after));
        }
      }

      @Override
      public void onDelete(T object, boolean stale) {
        listener.accept(key.apply(object));
      }
    };
  }

  @Override
  public void close() {
    informers().forEach(SharedIndexInformer::stop);
  }
}
