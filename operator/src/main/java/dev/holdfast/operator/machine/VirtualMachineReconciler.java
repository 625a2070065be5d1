package dev.holdfast.operator.machine;

import static dev.holdfast.operator.status.Metadata.isOwnedBy;
import static dev.holdfast.operator.status.Metadata.isTerminating;

import dev.holdfast.crds.Holdfast;
import dev.holdfast.crds.machine.VirtualMachine;
import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.crds.machine.VirtualMachineSpec;
import dev.holdfast.crds.machine.VirtualMachineSpec.RunStrategy;
import dev.holdfast.crds.machine.VirtualMachineStatus;
import dev.holdfast.crds.node.HypervisorNode;
import dev.holdfast.operator.cache.ClusterCache;
import dev.holdfast.operator.identity.Identity;
import dev.holdfast.operator.node.NodeMonitor;
import dev.holdfast.operator.placement.Overcommit;
import dev.holdfast.operator.placement.Placer;
import dev.holdfast.operator.status.EventDraft;
import dev.holdfast.operator.status.EventRecorder;
import dev.holdfast.operator.status.ObjectWriter;
import dev.holdfast.operator.status.Reason;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.api.config.informer.Informer;
import io.javaoperatorsdk.operator.api.reconciler.Cleaner;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.DeleteControl;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Keeps one instance for every machine that shall be on a node, and none for the others.
 *
 * <p>Once bound, an instance stays on its node: only its owner's deletion or halt removes it.
 */
@ControllerConfiguration(
    name = "virtualmachines",
    finalizerName = Holdfast.OPERATOR_FINALIZER,
    fieldManager = Holdfast.OPERATOR_FIELD_MANAGER,
    informer = @Informer)
public final class VirtualMachineReconciler
    implements Reconciler<VirtualMachine>, Cleaner<VirtualMachine> {
  private final ObjectWriter writer;
  private final ClusterCache cluster;
  private final NodeMonitor monitor;
  private final EventRecorder events;
  private final Clock clock;
  private final MachineTriggers triggers;
  private final ReferenceResolver resolver;
  private final Freezer freezer;
  private final PendingChanges pendingChanges;
  private final InstanceBinder binder;

  /**
   * @param firstUid lowest user id that an instance gets
   */
  public VirtualMachineReconciler(
      KubernetesClient client,
      ClusterCache cluster,
      NodeMonitor monitor,
      Identity identity,
      Overcommit overcommit,
      int firstUid,
      EventRecorder events,
      Clock clock) {
    this.writer = new ObjectWriter(client);
    this.cluster = cluster;
    this.monitor = monitor;
    this.events = events;
    this.clock = clock;
    this.triggers = new MachineTriggers(cluster, monitor);
    this.resolver = new ReferenceResolver(cluster, identity);
    this.freezer = new Freezer(identity);
    this.pendingChanges = new PendingChanges(freezer);
    this.binder =
        new InstanceBinder(
            client,
            cluster,
            resolver,
            new ClusterSnapshots(cluster, monitor),
            new Placer(overcommit),
            freezer,
            identity,
            firstUid);
  }

  @Override
  public List<EventSource<?, VirtualMachine>> prepareEventSources(
      EventSourceContext<VirtualMachine> context) {
    return List.of(triggers.source());
  }

  @Override
  public UpdateControl<VirtualMachine> reconcile(
      VirtualMachine machine, Context<VirtualMachine> context) {
    report(converge(machine), context);
    return UpdateControl.noUpdate();
  }

  @Override
  public DeleteControl cleanup(VirtualMachine machine, Context<VirtualMachine> context) {
    triggers.stopWaiting(machine);
    VirtualMachineInstance instance = find(machine);
    if (instance == null || !isOwnedBy(instance, machine)) {
      return DeleteControl.defaultDelete();
    }
    report(stop(machine, instance), context);
    return DeleteControl.noFinalizerRemoval();
  }

  private MachineSituation converge(VirtualMachine machine) {
    VirtualMachineInstance instance = find(machine);
    boolean wanted = machine.getSpec().runStrategy() != RunStrategy.HALTED;
    if (instance != null && !isOwnedBy(instance, machine)) {
      return waitForOldInstance(machine, instance);
    }
    if (instance == null) {
      return wanted ? start(machine) : halted(machine);
    }
    if (!wanted || isTerminating(instance)) {
      return stop(machine, instance);
    }
    return keep(machine, instance);
  }

  // Left over from a deleted machine of the same name: it ends before ours can begin.
  private MachineSituation waitForOldInstance(VirtualMachine machine, VirtualMachineInstance old) {
    triggers.stopWaiting(machine);
    writer.deleteOnce(old);
    return situation(
        machine,
        null,
        false,
        new Obstacle(
            Reason.OLD_INSTANCE_TERMINATING,
            "Waiting for node %s to stop the deleted machine of the same name."
                .formatted(old.getSpec().nodeName())),
        List.of());
  }

  private MachineSituation halted(VirtualMachine machine) {
    triggers.stopWaiting(machine);
    return situation(machine, null, false, null, List.of());
  }

  private MachineSituation start(VirtualMachine machine) {
    // Before the decision: room that appears during it must not be missed.
    triggers.waitForRoom(machine);
    return switch (binder.bind(machine)) {
      case InstanceBinder.Outcome.Refused(Obstacle obstacle) ->
          situation(machine, null, false, obstacle, List.of());
      case InstanceBinder.Outcome.Created(var instance, var bound) -> {
        triggers.stopWaiting(machine);
        events.record(
            machine,
            List.of(
                EventDraft.normal(
                    Reason.SCHEDULED, "Placed on " + bound.node() + ": " + bound.reason() + ".")));
        yield situation(machine, instance, false, null, List.of());
      }
    };
  }

  private MachineSituation stop(VirtualMachine machine, VirtualMachineInstance instance) {
    triggers.stopWaiting(machine);
    writer.deleteOnce(instance);
    return situation(machine, instance, true, null, List.of());
  }

  private MachineSituation keep(VirtualMachine machine, VirtualMachineInstance instance) {
    triggers.stopWaiting(machine);
    VirtualMachineInstance current = update(machine, instance);
    HypervisorNode node = cluster.nodes().find(new ResourceID(current.getSpec().nodeName()));
    List<String> pending =
        pendingChanges.between(
            machine,
            current.getSpec(),
            node,
            node == null ? null : node.getStatus(),
            resolver.kernelBootPaths(machine.getSpec()));
    return situation(machine, current, false, null, pending);
  }

  /** Carries over what may change while an instance lives. */
  private VirtualMachineInstance update(VirtualMachine machine, VirtualMachineInstance instance) {
    VirtualMachineSpec wanted = machine.getSpec();
    VirtualMachineInstanceSpec live = instance.getSpec();
    long generation = machine.getMetadata().getGeneration();
    VirtualMachineInstanceSpec.RestartPolicy policy = Freezer.restartPolicy(wanted.runStrategy());
    if (live.vmGeneration() == generation
        && live.paused() == wanted.paused()
        && live.restartPolicy() == policy
        && live.terminationGracePeriodSeconds() == wanted.terminationGracePeriodSeconds()) {
      return instance;
    }
    return writer.changeSpec(
        instance,
        Map.of(
            "vmGeneration",
            generation,
            "paused",
            wanted.paused(),
            "restartPolicy",
            policy,
            "terminationGracePeriodSeconds",
            wanted.terminationGracePeriodSeconds()));
  }

  private MachineSituation situation(
      VirtualMachine machine,
      @Nullable VirtualMachineInstance instance,
      boolean stopping,
      @Nullable Obstacle obstacle,
      List<String> pending) {
    return new MachineSituation(
        machine,
        freezer.uuid(machine),
        instance,
        instance == null || monitor.isHealthy(instance.getSpec().nodeName()),
        stopping,
        obstacle,
        pending);
  }

  private void report(MachineSituation situation, Context<VirtualMachine> context) {
    VirtualMachine machine = situation.machine();
    VirtualMachineStatus before = machine.getStatus();
    VirtualMachineStatus after = MachineStatusAggregator.evaluate(situation, clock.instant());
    if (ObjectWriter.writeStatus(machine, new VirtualMachine(), after, context)) {
      VirtualMachineInstance instance = situation.instance();
      events.record(
          machine,
          MachineEvents.between(before, after, instance == null ? null : instance.getStatus()));
    }
  }

  private @Nullable VirtualMachineInstance find(VirtualMachine machine) {
    return cluster.instances().find(ResourceID.fromResource(machine));
  }
}
