package dev.holdfast.crds.machine;

import dev.holdfast.crds.Holdfast;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Version;

/**
 * One machine on one node with everything resolved: the contract between operator and node agent.
 */
@Group(Holdfast.GROUP)
@Version(Holdfast.VERSION)
@Plural("virtualmachineinstances")
@ShortNames("vmi")
public final class VirtualMachineInstance
    extends CustomResource<VirtualMachineInstanceSpec, VirtualMachineInstanceStatus>
    implements Namespaced {
  private static final long serialVersionUID = 1;
}
