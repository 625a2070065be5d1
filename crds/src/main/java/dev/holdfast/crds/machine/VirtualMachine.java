package dev.holdfast.crds.machine;

import dev.holdfast.crds.Holdfast;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Version;

/** A virtual machine as the user wants it to be. */
@Group(Holdfast.GROUP)
@Version(Holdfast.VERSION)
@Plural("virtualmachines")
@ShortNames("vm")
public final class VirtualMachine extends CustomResource<VirtualMachineSpec, VirtualMachineStatus>
    implements Namespaced {
  private static final long serialVersionUID = 1;
}
