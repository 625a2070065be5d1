package dev.holdfast.operator.machine;

import static dev.holdfast.operator.status.Metadata.isOwnedBy;
import static dev.holdfast.operator.status.Metadata.isTerminating;

import dev.holdfast.crds.Holdfast;
import dev.holdfast.crds.machine.VirtualMachine;
import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus.Phase;
import dev.holdfast.crds.machine.VirtualMachineSpec;
import dev.holdfast.crds.machine.VirtualMachineSpec.RunStrategy;
import dev.holdfast.crds.machine.VirtualMachineStatus;
import dev.holdfast.crds.node.HypervisorNode;
import dev.holdfast.operator.cache.ClusterCache;
import dev.holdfast.operator.cache.UserIds;
import dev.holdfast.operator.identity.Identity;
import dev.holdfast.operator.lease.Failover;
import dev.holdfast.operator.lease.FailoverAssessor;
import dev.holdfast.operator.lease.Lockspaces;
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
 * <p>Once bound, an instance stays on its node: only its owner's deletion or halt removes it, or
 * that its node is lost and has lost its disks.
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
  private final FailoverAssessor failovers;

  public VirtualMachineReconciler(
      KubernetesClient client,
      ClusterCache cluster,
      NodeMonitor monitor,
      Identity identity,
      Overcommit overcommit,
      UserIds userIds,
      EventRecorder events,
      Clock clock) {
    this.writer = new ObjectWriter(client);
    this.cluster = cluster;
    this.monitor = monitor;
    this.events = events;
    this.clock = clock;
    Lockspaces lockspaces = new Lockspaces(cluster, monitor);
    this.triggers = new MachineTriggers(cluster, monitor, lockspaces);
    this.failovers = new FailoverAssessor(cluster, lockspaces);
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
            userIds);
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
    return !wanted || isTerminating(instance) ? stop(machine, instance) : keep(machine, instance);
  }

  // Left over from a deleted machine of the same name: it ends before ours can begin.
  private MachineSituation waitForOldInstance(VirtualMachine machine, VirtualMachineInstance old) {
    triggers.stopWaiting(machine);
    end(machine, old);
    return situation(
        machine,
        null,
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
    return situation(machine, null, null, false, null, List.of());
  }

  private MachineSituation start(VirtualMachine machine) {
    // Before the decision: room that appears during it must not be missed.
    triggers.waitForRoom(machine);
    return switch (binder.bind(machine)) {
      case InstanceBinder.Outcome.Refused(Obstacle obstacle) ->
          situation(machine, null, null, false, obstacle, List.of());
      case InstanceBinder.Outcome.Created(var instance, var bound) -> {
        triggers.stopWaiting(machine);
        events.record(
            machine,
            List.of(
                EventDraft.normal(
                    Reason.SCHEDULED, "Placed on " + bound.node() + ": " + bound.reason() + ".")));
        yield situation(machine, instance, null, false, null, List.of());
      }
    };
  }

  private MachineSituation stop(VirtualMachine machine, VirtualMachineInstance instance) {
    triggers.stopWaiting(machine);
    Failover failover = end(machine, instance);
    return situation(machine, instance, failover, true, null, List.of());
  }

  /**
   * Has an instance stopped by its node, or, if that is lost and cannot run it any more, removes
   * it.
   *
   * @return what is done about the node; null if its agent is alive
   */
  private @Nullable Failover end(VirtualMachine machine, VirtualMachineInstance instance) {
    Failover failover = assess(machine, instance);
    if (failover instanceof Failover.TakeOver) {
      writer.release(instance);
    } else {
      writer.deleteOnce(instance);
    }
    return failover;
  }

  private MachineSituation keep(VirtualMachine machine, VirtualMachineInstance instance) {
    triggers.stopWaiting(machine);
    Failover failover = assess(machine, instance);
    if (failover instanceof Failover.TakeOver(String why)) {
      if (startsAgain(machine, instance)) {
        // Its removal is seen by the watch, and then it is placed as if it had never been anywhere.
        writer.release(instance);
        return situation(machine, instance, failover, true, null, List.of());
      }
      failover =
          new Failover.Stay(why + " The machine is not started a second time (runStrategy).");
    }
    VirtualMachineInstance current = update(machine, instance);
    HypervisorNode node = cluster.nodes().find(new ResourceID(current.getSpec().nodeName()));
    List<String> pending =
        pendingChanges.between(
            machine,
            current.getSpec(),
            node,
            node == null ? null : node.getStatus(),
            resolver.readOnlyDisks(machine),
            resolver.kernelBootPaths(machine.getSpec()));
    return situation(machine, current, failover, false, null, pending);
  }

  private @Nullable Failover assess(VirtualMachine machine, VirtualMachineInstance instance) {
    if (monitor.isHealthy(instance.getSpec().nodeName())) {
      return null;
    }
    // Before the judgement: what is learned of the node during it must not be missed.
    triggers.waitForNode(machine);
    return failovers.assess(instance);
  }

  /** Whether a machine that its node has lost is to run again. */
  private static boolean startsAgain(VirtualMachine machine, VirtualMachineInstance instance) {
    VirtualMachineInstanceStatus status = instance.getStatus();
    boolean completed = status != null && status.phase() == Phase.SUCCEEDED;
    return switch (machine.getSpec().runStrategy()) {
      case ALWAYS -> true;
      case RERUN_ON_FAILURE -> !completed;
      case ONCE, HALTED -> false;
    };
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
      @Nullable Failover failover,
      boolean stopping,
      @Nullable Obstacle obstacle,
      List<String> pending) {
    return new MachineSituation(
        machine, freezer.uuid(machine), instance, failover, stopping, obstacle, pending);
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
