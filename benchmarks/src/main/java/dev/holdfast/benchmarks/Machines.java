package dev.holdfast.benchmarks;

import dev.holdfast.crds.machine.VirtualMachine;
import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus.Phase;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Applies machines and notes when their instances appear and run. Times are of {@link
 * System#nanoTime}.
 */
final class Machines implements AutoCloseable {
  private static final String NAMESPACE = "default";

  private final KubernetesClient client;
  private final Map<String, Long> bound = new ConcurrentHashMap<>();
  private final Map<String, Long> running = new ConcurrentHashMap<>();
  private final Watch watch;

  Machines(KubernetesClient client) {
    this.client = client;
    watch =
        client
            .resources(VirtualMachineInstance.class)
            .inNamespace(NAMESPACE)
            .watch(
                new Watcher<>() {
                  @Override
                  public void eventReceived(Action action, VirtualMachineInstance instance) {
                    note(instance, System.nanoTime());
                  }

                  @Override
                  public void onClose(@Nullable WatcherException cause) {
                    if (cause != null) {
                      System.err.println("the watch has ended: " + cause.getMessage());
                    }
                  }
                });
  }

  private void note(VirtualMachineInstance instance, long now) {
    String name = instance.getMetadata().getName();
    VirtualMachineInstanceStatus status = instance.getStatus();
    bound.putIfAbsent(name, now);
    if (status != null && (status.phase() == Phase.RUNNING || status.phase() == Phase.PAUSED)) {
      running.putIfAbsent(name, now);
    }
  }

  /** Applies a small machine; with a disk and network of these names unless they are null. */
  void apply(String name, boolean paused, @Nullable String disk, @Nullable String network) {
    String yaml =
        """
        apiVersion: holdfast.dev/v1alpha1
        kind: VirtualMachine
        metadata: {name: %s, namespace: default}
        spec:
          memory: {guest: 64Mi}
          accelerator: tcg
          paused: %s
          terminationGracePeriodSeconds: 0
          disks: [%s]
          interfaces: [%s]
        """
            .formatted(
                name,
                paused,
                disk == null ? "" : "{name: data, diskRef: " + disk + "}",
                network == null ? "" : "{name: eth0, networkRef: " + network + "}");
    client
        .resource(client.getKubernetesSerialization().unmarshal(yaml, VirtualMachine.class))
        .create();
  }

  /** When its instance was seen first. */
  long boundAt(String name) {
    return Objects.requireNonNull(bound.get(name), name + " was not bound");
  }

  /** When its instance was first seen running, or paused as asked. */
  long runningAt(String name) throws Exception {
    Laboratory.await(name + " runs", () -> running.containsKey(name));
    return Objects.requireNonNull(running.get(name));
  }

  /** The user that QEMU runs as, and its process. */
  VirtualMachineInstance instance(String name) {
    return client
        .resources(VirtualMachineInstance.class)
        .inNamespace(NAMESPACE)
        .withName(name)
        .require();
  }

  void delete(String name) throws Exception {
    var resource = client.resources(VirtualMachine.class).inNamespace(NAMESPACE).withName(name);
    resource.delete();
    Laboratory.await(name + " is gone", () -> resource.get() == null);
    bound.remove(name);
    running.remove(name);
  }

  /** Also deletes what a failed measurement has left. */
  @Override
  public void close() {
    watch.close();
    var left = client.resources(VirtualMachine.class).inNamespace(NAMESPACE);
    var _ = left.delete();
    try {
      Laboratory.await("all machines are gone", () -> left.list().getItems().isEmpty());
    } catch (Exception e) {
      System.err.println("machines are left: " + e.getMessage());
    }
  }
}
