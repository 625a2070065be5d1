package dev.holdfast.operator.disk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.crds.node.HypervisorNode;
import dev.holdfast.crds.node.HypervisorNodeSpec;
import dev.holdfast.crds.node.HypervisorNodeSpec.Effect;
import dev.holdfast.crds.node.HypervisorNodeSpec.Taint;
import dev.holdfast.crds.storage.AccessMode;
import dev.holdfast.crds.storage.DiskFormat;
import dev.holdfast.crds.storage.ReclaimPolicy;
import dev.holdfast.crds.storage.StoragePool;
import dev.holdfast.crds.storage.StoragePoolSpec;
import dev.holdfast.crds.storage.VirtualDiskInstance;
import dev.holdfast.crds.storage.VirtualDiskInstanceSpec;
import dev.holdfast.crds.storage.VirtualDiskInstanceStatus;
import dev.holdfast.crds.storage.VirtualDiskInstanceStatus.Phase;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RelocationTest {
  @ParameterizedTest
  @CsvSource({
    // shared, made, node, deleted, reclaim policy; what is done
    "true, false, alive, false, RETAIN, STAY",
    "true, false, lost, false, RETAIN, MOVE",
    "true, true, lost, false, RETAIN, STAY",
    "true, true, off, false, RETAIN, STAY",
    "false, false, lost, false, RETAIN, STAY",
    "false, false, off, false, RETAIN, STAY",
    "true, true, alive, true, DELETE, STAY",
    "true, true, lost, true, DELETE, STAY",
    "true, true, off, true, DELETE, MOVE",
    "true, true, gone, true, DELETE, MOVE",
    "false, true, off, true, DELETE, STAY",
    "true, true, lost, true, RETAIN, STAY",
    "true, true, off, true, RETAIN, RELEASE",
    "false, true, off, true, RETAIN, RELEASE",
  })
  void anotherNodeActsOnlyWhereTheLostOneCannotDoItLater(
      boolean shared,
      boolean made,
      String node,
      boolean deleted,
      ReclaimPolicy policy,
      Relocation expected) {
    assertThat(
            Relocation.of(
                instance(made, policy),
                pool(shared),
                node.equals("gone") ? null : node(node.equals("off")),
                node.equals("alive"),
                deleted))
        .isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({"true, RELEASE", "false, STAY"})
  void aDiskThatIsNotDeletedIsOnlyBoundAnewWhereItsImageIsFoundAgain(
      boolean shared, Relocation expected) {
    VirtualDiskInstance deletedByHand = instance(true, ReclaimPolicy.RETAIN);
    deletedByHand.getMetadata().setDeletionTimestamp("2026-01-02T03:04:05Z");

    assertThat(Relocation.of(deletedByHand, pool(shared), node(true), false, false))
        .isEqualTo(expected);
  }

  private static VirtualDiskInstance instance(boolean made, ReclaimPolicy policy) {
    VirtualDiskInstance instance = new VirtualDiskInstance();
    instance.setMetadata(new ObjectMetaBuilder().withName("data").build());
    instance.setSpec(
        new VirtualDiskInstanceSpec(
            "node-1",
            "pool",
            "/pool",
            "/pool/disks/default/data.raw",
            1 << 20,
            DiskFormat.RAW,
            policy,
            AccessMode.EXCLUSIVE,
            null,
            null));
    if (made) {
      instance.setStatus(
          new VirtualDiskInstanceStatus(1L, Phase.FAILED, "2026-01-02T03:04:05Z", null));
    }
    return instance;
  }

  private static HypervisorNode node(boolean off) {
    HypervisorNode node = new HypervisorNode();
    node.setSpec(
        new HypervisorNodeSpec(
            false,
            off
                ? List.of(new Taint(HypervisorNodeSpec.OUT_OF_SERVICE, null, Effect.NO_EXECUTE))
                : null));
    return node;
  }

  private static StoragePool pool(boolean shared) {
    StoragePool pool = new StoragePool();
    pool.setSpec(
        new StoragePoolSpec(
            new StoragePoolSpec.Dir("/pool", shared), StoragePoolSpec.Leases.DEFAULT, null));
    return pool;
  }
}
