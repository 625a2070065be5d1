package dev.holdfast.node.plan;

import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.node.plan.HostState.Bridge;
import dev.holdfast.node.plan.HostState.BridgeDefinition;
import dev.holdfast.node.plan.HostState.Reservation;
import dev.holdfast.node.plan.HostState.Tap;
import dev.holdfast.node.plan.HostState.TapDefinition;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Networks are there as long as a machine on the node needs them. */
final class NetworkPlanner {
  private NetworkPlanner() {}

  /** Brings the networks and taps of a machine up to date. */
  static List<Action> connect(
      Desired desired, HostState observed, VirtualMachineInstanceSpec spec) {
    List<Action> actions = new ArrayList<>();
    for (BridgeDefinition wanted : bridgesOf(desired, spec)) {
      Bridge bridge = observed.bridges().get(wanted.name());
      if (bridge == null || !bridge.complete() || !bridge.definition().equals(wanted)) {
        actions.add(new Action.EnsureBridge(wanted));
      }
    }
    for (TapDefinition wanted : tapsOf(spec)) {
      Tap tap = observed.taps().get(wanted.name());
      if (tap == null || !tap.definition().equals(wanted)) {
        actions.add(new Action.EnsureTap(wanted));
      }
    }
    return actions;
  }

  /** Removes the taps that the host has of a machine. */
  static List<Action> disconnect(HostState observed, String uuid) {
    return observed.taps().values().stream()
        .map(Tap::definition)
        .filter(tap -> tap.machineUuid().equals(uuid))
        .map(TapDefinition::name)
        .sorted()
        .<Action>map(Action.RemoveTap::new)
        .toList();
  }

  /** Removes bridges that no machine names and no tap is in. */
  static Task unneeded(Desired desired, HostState observed) {
    Set<String> needed = new HashSet<>();
    for (Desired.Machine machine : desired.machines().values()) {
      if (machine.wanted()) {
        machine.spec().interfacesOrEmpty().forEach(i -> needed.add(i.network().bridge()));
      }
    }
    observed.taps().values().forEach(tap -> needed.add(tap.definition().bridge()));
    List<Action> actions =
        observed.bridges().keySet().stream()
            .filter(name -> !needed.contains(name))
            .sorted()
            .<Action>map(Action.RemoveBridge::new)
            .toList();
    return Task.of(new Subject.Networks(), actions);
  }

  static List<TapDefinition> tapsOf(VirtualMachineInstanceSpec spec) {
    return spec.interfacesOrEmpty().stream()
        .map(i -> new TapDefinition(i.tap(), i.network().bridge(), spec.uid(), spec.uuid()))
        .toList();
  }

  /**
   * The bridges of a machine, each with the reservations of all machines that are plugged into it.
   */
  private static List<BridgeDefinition> bridgesOf(
      Desired desired, VirtualMachineInstanceSpec spec) {
    Map<String, VirtualMachineInstanceSpec.Network> networks = new LinkedHashMap<>();
    spec.interfacesOrEmpty().forEach(i -> networks.putIfAbsent(i.network().bridge(), i.network()));
    return networks.values().stream()
        .map(
            network ->
                new BridgeDefinition(
                    network.bridge(),
                    network.subnet(),
                    network.gateway(),
                    reservations(desired, network.bridge())))
        .toList();
  }

  private static Set<Reservation> reservations(Desired desired, String bridge) {
    return desired.machines().values().stream()
        .filter(Desired.Machine::wanted)
        .flatMap(
            machine ->
                machine.spec().interfacesOrEmpty().stream()
                    .filter(i -> i.network().bridge().equals(bridge) && i.ipAddress() != null)
                    .map(i -> reservation(machine, i)))
        .collect(Collectors.toSet());
  }

  private static Reservation reservation(
      Desired.Machine machine, VirtualMachineInstanceSpec.Interface i) {
    String address = i.ipAddress();
    if (address == null) {
      throw new IllegalArgumentException("no address is reserved for " + i.name());
    }
    String hostName = machine.name().substring(machine.name().indexOf('/') + 1);
    return new Reservation(i.macAddress(), address, hostName);
  }
}
