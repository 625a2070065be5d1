package dev.holdfast.crds.storage;

import dev.holdfast.crds.Holdfast;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Version;

/**
 * One disk image on one node with everything resolved: the contract between operator and node
 * agent.
 */
@Group(Holdfast.GROUP)
@Version(Holdfast.VERSION)
@Plural("virtualdiskinstances")
@ShortNames("vdi")
public final class VirtualDiskInstance
    extends CustomResource<VirtualDiskInstanceSpec, VirtualDiskInstanceStatus>
    implements Namespaced {
  private static final long serialVersionUID = 1;
}
