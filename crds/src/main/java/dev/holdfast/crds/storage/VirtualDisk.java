package dev.holdfast.crds.storage;

import dev.holdfast.crds.Holdfast;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Version;

/** A disk in a pool. It outlives the machines that use it. */
@Group(Holdfast.GROUP)
@Version(Holdfast.VERSION)
@Plural("virtualdisks")
@ShortNames("vdisk")
public final class VirtualDisk extends CustomResource<VirtualDiskSpec, VirtualDiskStatus>
    implements Namespaced {
  private static final long serialVersionUID = 1;
}
