package dev.holdfast.node.agent;

import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus;
import dev.holdfast.crds.storage.StoragePool;
import dev.holdfast.crds.storage.VirtualDiskInstance;
import dev.holdfast.crds.storage.VirtualDiskInstanceStatus;
import dev.holdfast.node.agent.status.InstanceStatus;
import dev.holdfast.node.plan.Desired;
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
  private final SharedIndexInformer<VirtualMachineInstance> machines;
  private final SharedIndexInformer<VirtualDiskInstance> disks;
  private final SharedIndexInformer<StoragePool> pools;

  ControlPlane(KubernetesClient client, String nodeName) {
    this.client = client;
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
   */
  Desired desired(Function<String, @Nullable Instant> notBefore) {
    Map<String, Desired.Machine> wantedMachines = new HashMap<>();
    for (VirtualMachineInstance machine : machines.getStore().list()) {
      String uuid = machine.getSpec().uuid();
      wantedMachines.put(uuid, wanted(machine, notBefore.apply(uuid)));
    }
    Map<String, Desired.Disk> wantedDisks = new HashMap<>();
    for (VirtualDiskInstance disk : disks.getStore().list()) {
      wantedDisks.put(disk.getSpec().path(), wanted(disk));
    }
    return new Desired(wantedMachines, wantedDisks);
  }

  private static Desired.Machine wanted(
      VirtualMachineInstance machine, @Nullable Instant notBefore) {
    VirtualMachineInstanceStatus status = machine.getStatus();
    String deletedAt = machine.getMetadata().getDeletionTimestamp();
    return new Desired.Machine(
        nameOf(machine),
        machine.getSpec(),
        deletedAt == null ? null : Instant.parse(deletedAt),
        status != null && status.startTime() != null,
        status != null && InstanceStatus.isFinal(status.phase()),
        notBefore);
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
