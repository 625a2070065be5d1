package dev.holdfast.operator.network;

import dev.holdfast.crds.Condition;
import dev.holdfast.crds.Conditions;
import dev.holdfast.crds.Holdfast;
import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.network.VirtualNetwork;
import dev.holdfast.crds.network.VirtualNetworkStatus;
import dev.holdfast.operator.cache.ClusterCache;
import dev.holdfast.operator.identity.Identity;
import dev.holdfast.operator.status.EventDraft;
import dev.holdfast.operator.status.EventRecorder;
import dev.holdfast.operator.status.ObjectWriter;
import dev.holdfast.operator.status.Reason;
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
import io.javaoperatorsdk.operator.processing.event.source.inbound.SimpleInboundEventSource;
import java.time.Clock;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Tells whether a network can be used, and holds it back while machines are plugged into it. */
@ControllerConfiguration(
    name = "virtualnetworks",
    finalizerName = Holdfast.OPERATOR_FINALIZER,
    fieldManager = Holdfast.OPERATOR_FIELD_MANAGER,
    informer = @Informer)
public final class VirtualNetworkReconciler
    implements Reconciler<VirtualNetwork>, Cleaner<VirtualNetwork> {
  private static final String IN_USE = "InUse";

  private final SimpleInboundEventSource<VirtualNetwork> source =
      new SimpleInboundEventSource<>("dependencies");
  private final ClusterCache cluster;
  private final Identity identity;
  private final EventRecorder events;
  private final Clock clock;

  public VirtualNetworkReconciler(
      ClusterCache cluster, Identity identity, EventRecorder events, Clock clock) {
    this.cluster = cluster;
    this.identity = identity;
    this.events = events;
    this.clock = clock;
    cluster.networks().onChange(this::networkChanged);
    cluster.instances().onChange(this::instanceChanged);
  }

  @Override
  public List<EventSource<?, VirtualNetwork>> prepareEventSources(
      EventSourceContext<VirtualNetwork> context) {
    return List.of(source);
  }

  @Override
  public UpdateControl<VirtualNetwork> reconcile(
      VirtualNetwork network, Context<VirtualNetwork> context) {
    Conditions conditions = conditions(network);
    VirtualNetworkStatus status =
        switch (NetworkVerdict.of(network, cluster.networks().all(), identity)) {
          case NetworkVerdict.Usable(String bridge, String gateway) -> {
            conditions.add(
                Condition.READY, true, Reason.USABLE.text(), "Machines can be plugged in.");
            yield status(network, bridge, gateway, conditions);
          }
          case NetworkVerdict.Overlaps overlaps -> {
            String reason = Reason.SUBNET_OVERLAPS.text();
            conditions.add(Condition.READY, false, reason, overlaps.message());
            conditions.add(Condition.STALLED, true, reason, overlaps.message());
            yield status(network, null, null, conditions);
          }
        };
    report(network, status, context);
    return UpdateControl.noUpdate();
  }

  @Override
  public DeleteControl cleanup(VirtualNetwork network, Context<VirtualNetwork> context) {
    List<String> users = users(network);
    if (users.isEmpty()) {
      return DeleteControl.defaultDelete();
    }
    String message =
        "Waiting for VirtualMachine "
            + String.join(", ", users)
            + " to be halted or deleted, which is plugged into the network.";
    String reason = Reason.TERMINATING.text();
    Conditions conditions =
        conditions(network)
            .add(Condition.READY, false, reason, message)
            .add(Condition.RECONCILING, true, reason, message)
            .add(IN_USE, true, Reason.ATTACHED.text(), message);
    VirtualNetworkStatus before = network.getStatus();
    report(
        network,
        status(
            network,
            before == null ? null : before.bridge(),
            before == null ? null : before.gateway(),
            conditions),
        context);
    return DeleteControl.noFinalizerRemoval();
  }

  private List<String> users(VirtualNetwork network) {
    String key =
        ClusterCache.key(network.getMetadata().getNamespace(), network.getMetadata().getName());
    return cluster.instances().withIndex(ClusterCache.BY_NETWORK, key).stream()
        .map(instance -> instance.getMetadata().getName())
        .sorted()
        .toList();
  }

  // One network less may be what another one was waiting for.
  private void networkChanged(@Nullable VirtualNetwork before, @Nullable VirtualNetwork after) {
    if (before != null && after == null) {
      cluster.networks().all().stream()
          .filter(other -> NetworkVerdict.overlap(before, other))
          .forEach(other -> source.propagateEvent(ResourceID.fromResource(other)));
    }
  }

  private void instanceChanged(
      @Nullable VirtualMachineInstance before, @Nullable VirtualMachineInstance after) {
    if (before != null && after == null) {
      before
          .getSpec()
          .interfacesOrEmpty()
          .forEach(
              i ->
                  source.propagateEvent(
                      new ResourceID(i.network().name(), before.getMetadata().getNamespace())));
    }
  }

  private Conditions conditions(VirtualNetwork network) {
    VirtualNetworkStatus before = network.getStatus();
    return new Conditions(
        before == null ? null : before.conditions(),
        network.getMetadata().getGeneration(),
        clock.instant());
  }

  private static VirtualNetworkStatus status(
      VirtualNetwork network,
      @Nullable String bridge,
      @Nullable String gateway,
      Conditions conditions) {
    return new VirtualNetworkStatus(
        network.getMetadata().getGeneration(), bridge, gateway, conditions.toList());
  }

  private void report(
      VirtualNetwork network, VirtualNetworkStatus after, Context<VirtualNetwork> context) {
    VirtualNetworkStatus before = network.getStatus();
    if (ObjectWriter.writeStatus(network, new VirtualNetwork(), after, context)) {
      events.record(
          network,
          EventDraft.troubleBetween(
              before == null ? null : before.conditions(), after.conditions()));
    }
  }
}
