package dev.holdfast.system.cluster;

import dev.holdfast.crds.Holdfast;
import dev.holdfast.crds.machine.Accelerator;
import dev.holdfast.crds.machine.Architecture;
import dev.holdfast.crds.node.HypervisorNode;
import dev.holdfast.crds.node.HypervisorNodeSpec;
import dev.holdfast.crds.node.HypervisorNodeStatus;
import dev.holdfast.crds.node.HypervisorNodeStatus.AcceleratorStatus;
import dev.holdfast.crds.node.HypervisorNodeStatus.PoolStatus;
import dev.holdfast.crds.storage.VirtualDiskInstance;
import dev.holdfast.crds.storage.VirtualDiskInstanceStatus;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.time.Clock;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes what the agent of a node would write, when a test says so. */
final class PlayedAgent {
  private static final PatchContext APPLY =
      new PatchContext.Builder()
          .withPatchType(PatchType.SERVER_SIDE_APPLY)
          .withFieldManager(Holdfast.NODE_AGENT_FIELD_MANAGER)
          .withForce(true)
          .build();

  private final KubernetesClient client;
  private final String node;

  PlayedAgent(KubernetesClient client, String node) {
    this.client = client;
    this.node = node;
  }

  String node() {
    return node;
  }

  /** Registers the node with 8 CPUs, QEMU without KVM, and one StoragePool that it can use. */
  void register(boolean maintenance, long memoryBytes, String pool) {
    HypervisorNode registered = named(new HypervisorNode(), null, node);
    registered.setSpec(new HypervisorNodeSpec(maintenance, null));
    client.resource(registered).create();
    HypervisorNode described = named(new HypervisorNode(), null, node);
    described.setStatus(
        new HypervisorNodeStatus(
            1L,
            Architecture.X86_64,
            8,
            memoryBytes,
            "6.1.0",
            "0.1.0",
            "7.2.0",
            List.of("pc-q35-7.2", "pc-q35-7.1"),
            List.of(
                new AcceleratorStatus(
                    Accelerator.TCG,
                    true,
                    "Builtin",
                    "QEMU has it built in",
                    "max",
                    List.of("max"))),
            List.of(
                new PoolStatus(pool, true, "Usable", "disks can be made there", 100L << 30, null)),
            List.of()));
    client.resource(described).subresource("status").patch(APPLY, described);
    heartbeat();
  }

  /** The operator gives a node up after 40 s without. */
  void heartbeat() {
    var lease =
        new LeaseBuilder()
            .withNewMetadata()
            .withName(node)
            .withNamespace(Holdfast.SYSTEM_NAMESPACE)
            .endMetadata()
            .withNewSpec()
            .withHolderIdentity(node)
            .withLeaseDurationSeconds(40)
            .withRenewTime(ZonedDateTime.ofInstant(Clock.systemUTC().instant(), ZoneOffset.UTC))
            .endSpec()
            .build();
    client.resource(lease).patch(APPLY, lease);
  }

  /** Says that the image of a disk is there. */
  void makeDisk(VirtualDiskInstance disk) {
    VirtualDiskInstance made =
        named(
            new VirtualDiskInstance(),
            disk.getMetadata().getNamespace(),
            disk.getMetadata().getName());
    made.setStatus(
        new VirtualDiskInstanceStatus(
            disk.getMetadata().getGeneration(), VirtualDiskInstanceStatus.Phase.READY, null, null));
    client.resource(made).subresource("status").patch(APPLY, made);
  }

  /** Says that nothing is left of an object on the host. */
  void letGo(HasMetadata object) {
    client
        .resource(object)
        .patch(
            new PatchContext.Builder().withPatchType(PatchType.JSON_MERGE).build(),
            "{\"metadata\":{\"finalizers\":null}}");
  }

  private static <T extends HasMetadata> T named(T empty, @Nullable String namespace, String name) {
    empty.setMetadata(new ObjectMetaBuilder().withNamespace(namespace).withName(name).build());
    return empty;
  }
}
