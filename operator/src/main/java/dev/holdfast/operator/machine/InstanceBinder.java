package dev.holdfast.operator.machine;

import dev.holdfast.crds.Holdfast;
import dev.holdfast.crds.machine.VirtualMachine;
import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.crds.machine.VirtualMachineSpec;
import dev.holdfast.crds.storage.LeaseBackend;
import dev.holdfast.crds.storage.StoragePool;
import dev.holdfast.crds.storage.VirtualDiskInstanceSpec;
import dev.holdfast.operator.cache.ClusterCache;
import dev.holdfast.operator.cache.UserIds;
import dev.holdfast.operator.identity.Identity;
import dev.holdfast.operator.machine.Resolution.Obstructed;
import dev.holdfast.operator.machine.Resolution.Resolved;
import dev.holdfast.operator.machine.Resolution.ResolvedDisk;
import dev.holdfast.operator.machine.Resolution.ResolvedInterface;
import dev.holdfast.operator.network.Ipv4Subnet;
import dev.holdfast.operator.placement.Placement;
import dev.holdfast.operator.placement.PlacementRequest;
import dev.holdfast.operator.placement.Placer;
import dev.holdfast.operator.status.Metadata;
import dev.holdfast.operator.status.Reason;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Gives machines their instances. Decisions are taken one at a time, each on a cluster that has the
 * results of all earlier ones; only then is the API server asked.
 */
final class InstanceBinder {
  private final ReentrantLock deciding = new ReentrantLock();
  private final KubernetesClient client;
  private final ClusterCache cluster;
  private final ReferenceResolver resolver;
  private final ClusterSnapshots snapshots;
  private final Placer placer;
  private final Freezer freezer;
  private final Identity identity;
  private final UserIds userIds;

  InstanceBinder(
      KubernetesClient client,
      ClusterCache cluster,
      ReferenceResolver resolver,
      ClusterSnapshots snapshots,
      Placer placer,
      Freezer freezer,
      Identity identity,
      UserIds userIds) {
    this.client = client;
    this.cluster = cluster;
    this.resolver = resolver;
    this.snapshots = snapshots;
    this.placer = placer;
    this.freezer = freezer;
    this.identity = identity;
    this.userIds = userIds;
  }

  /** What came of it. */
  sealed interface Outcome {
    /** The instance exists. */
    record Created(VirtualMachineInstance instance, Placement.Bound bound) implements Outcome {}

    /** There is no instance, because of the obstacle. */
    record Refused(Obstacle obstacle) implements Outcome {}
  }

  Outcome bind(VirtualMachine machine) {
    Outcome decision = decide(machine);
    return switch (decision) {
      case Outcome.Refused refused -> refused;
      case Outcome.Created(VirtualMachineInstance instance, Placement.Bound bound) ->
          new Outcome.Created(create(instance), bound);
    };
  }

  private VirtualMachineInstance create(VirtualMachineInstance instance) {
    boolean created = false;
    try {
      VirtualMachineInstance stored = client.resource(instance).create();
      cluster.instances().confirm(stored);
      created = true;
      return stored;
    } finally {
      if (!created) {
        cluster.instances().forget(instance);
      }
    }
  }

  private Outcome decide(VirtualMachine machine) {
    deciding.lock();
    try {
      return switch (resolver.resolve(machine)) {
        case Obstructed(Obstacle obstacle) -> new Outcome.Refused(obstacle);
        case Resolved resolved -> place(machine, resolved);
      };
    } finally {
      deciding.unlock();
    }
  }

  private Outcome place(VirtualMachine machine, Resolved resolved) {
    return switch (placer.place(request(machine, resolved), snapshots.take())) {
      case Placement.Unschedulable unschedulable ->
          new Outcome.Refused(new Obstacle(Reason.UNSCHEDULABLE, unschedulable.message()));
      case Placement.Bound bound -> freeze(machine, resolved, bound);
    };
  }

  private Outcome freeze(VirtualMachine machine, Resolved resolved, Placement.Bound bound) {
    Map<String, String> addresses = new HashMap<>();
    for (ResolvedInterface next : resolved.interfaces()) {
      Optional<Obstacle> obstacle = reserveAddress(machine, next, addresses);
      if (obstacle.isPresent()) {
        return new Outcome.Refused(obstacle.get());
      }
    }
    return new Outcome.Created(
        userIds.give(uid -> assume(machine, resolved, bound, uid, addresses)), bound);
  }

  private VirtualMachineInstance assume(
      VirtualMachine machine,
      Resolved resolved,
      Placement.Bound bound,
      int uid,
      Map<String, String> addresses) {
    VirtualMachineInstance instance = new VirtualMachineInstance();
    instance.setMetadata(
        new ObjectMetaBuilder()
            .withName(machine.getMetadata().getName())
            .withNamespace(machine.getMetadata().getNamespace())
            .withOwnerReferences(Metadata.controllerReference(machine))
            .withFinalizers(Holdfast.NODE_AGENT_FINALIZER)
            .build());
    instance.setSpec(freezer.freeze(machine, resolved, bound, uid, addresses));
    cluster.instances().assume(instance);
    return instance;
  }

  private Optional<Obstacle> reserveAddress(
      VirtualMachine machine, ResolvedInterface next, Map<String, String> reserved) {
    VirtualMachineInstanceSpec.Network network = next.network();
    String namespace = machine.getMetadata().getNamespace();
    String mac = freezer.macAddress(machine, next.networkInterface());
    Set<String> taken = new HashSet<>(reserved.values());
    for (VirtualMachineInstance other :
        cluster
            .instances()
            .withIndex(ClusterCache.BY_NETWORK, ClusterCache.key(namespace, network.name()))) {
      for (VirtualMachineInstanceSpec.Interface used : other.getSpec().interfacesOrEmpty()) {
        if (!used.network().name().equals(network.name())) {
          continue;
        }
        if (used.macAddress().equals(mac)) {
          return Optional.of(
              new Obstacle(
                  Reason.MAC_ADDRESS_IN_USE,
                  "Interface %s has the MAC address %s of VirtualMachine %s in VirtualNetwork %s. Give it another macAddress."
                      .formatted(
                          next.networkInterface().name(),
                          mac,
                          other.getMetadata().getName(),
                          network.name())));
        }
        if (used.ipAddress() != null) {
          taken.add(used.ipAddress());
        }
      }
    }
    String name = next.networkInterface().name();
    int seed = identity.addressSeed(namespace, machine.getMetadata().getName(), name);
    Optional<String> address = Ipv4Subnet.parse(network.subnet()).allocate(seed, taken);
    if (address.isEmpty()) {
      return Optional.of(
          new Obstacle(
              Reason.ADDRESSES_EXHAUSTED,
              "VirtualNetwork %s has no address left in %s. Halt a machine of it, or use a larger network."
                  .formatted(network.name(), network.subnet())));
    }
    reserved.put(name, address.get());
    return Optional.empty();
  }

  private PlacementRequest request(VirtualMachine machine, Resolved resolved) {
    VirtualMachineSpec spec = machine.getSpec();
    Set<String> pools = new HashSet<>();
    Set<String> lockspaces = new HashSet<>();
    Map<String, String> diskNodes = new HashMap<>();
    for (ResolvedDisk disk : resolved.disks()) {
      pools.add(disk.image().poolName());
      StoragePool pool = cluster.pools().find(new ResourceID(disk.image().poolName()));
      if (pool == null || !pool.getSpec().dir().shared()) {
        diskNodes.put(disk.disk().diskRef(), disk.image().nodeName());
      }
      VirtualDiskInstanceSpec.Lease lease = disk.image().lease();
      if (lease != null && lease.backend() == LeaseBackend.SANLOCK) {
        lockspaces.add(disk.image().poolName());
      }
    }
    String bootPool = resolved.kernelBootPool();
    if (bootPool != null) {
      pools.add(bootPool);
    }
    return new PlacementRequest(
        spec.architecture(),
        spec.nodeSelector() == null ? Map.of() : spec.nodeSelector(),
        spec.accelerator(),
        spec.machine(),
        spec.cpu().model(),
        spec.cpu().count(),
        Freezer.memoryBytes(spec),
        pools,
        lockspaces,
        diskNodes);
  }
}
