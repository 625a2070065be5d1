package dev.holdfast.cli.host;

import dev.holdfast.crds.Holdfast;
import dev.holdfast.standalone.security.Rights;
import dev.holdfast.standalone.security.Rule;
import java.util.List;

/**
 * What operator and node agent may do on a control plane of one host: what the roles of the chart
 * give them on a cluster, and the agent only on its own node's objects where it names them. A test
 * holds both alike.
 */
public final class Access {
  private static final String CORE = "";
  private static final String LEASES = "coordination.k8s.io";

  private Access() {}

  public static Rights rights() {
    return new Rights(operator(), agent());
  }

  private static List<Rule> operator() {
    return List.of(
        ours("virtualmachines virtualdisks virtualnetworks", "get list watch patch"),
        ours("virtualmachines/status virtualdisks/status virtualnetworks/status", "patch"),
        ours("storagepools/status", "update"),
        ours("virtualmachines/finalizers virtualdisks/finalizers", "update"),
        ours("virtualmachineinstances virtualdiskinstances", "get list watch create patch delete"),
        ours("storagepools hypervisornodes", "get list watch"),
        rule(CORE, "events", "get create patch"),
        rule(CORE, "namespaces", "get").named("kube-system", Holdfast.SYSTEM_NAMESPACE),
        rule(LEASES, "leases", "get list watch create").inNamespace(Holdfast.SYSTEM_NAMESPACE),
        rule(LEASES, "leases", "patch update")
            .inNamespace(Holdfast.SYSTEM_NAMESPACE)
            .named("holdfast-operator"));
  }

  private static List<Rule> agent() {
    return List.of(
        ours("virtualmachineinstances virtualdiskinstances", "get list watch patch"),
        ours("virtualmachineinstances/status virtualdiskinstances/status", "patch"),
        ours("storagepools", "get list watch"),
        ours("hypervisornodes", "create"),
        ours("hypervisornodes", "get").named(Rule.OWN_NODE),
        ours("hypervisornodes/status", "patch").named(Rule.OWN_NODE),
        rule(CORE, "events", "create"),
        rule(LEASES, "leases", "create patch")
            .inNamespace(Holdfast.SYSTEM_NAMESPACE)
            .named(Rule.OWN_NODE));
  }

  private static Rule ours(String resources, String verbs) {
    return rule(Holdfast.GROUP, resources, verbs);
  }

  private static Rule rule(String group, String resources, String verbs) {
    return Rule.of(group, List.of(resources.split(" ")), verbs.split(" "));
  }
}
