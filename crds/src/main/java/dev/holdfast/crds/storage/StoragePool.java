package dev.holdfast.crds.storage;

import dev.holdfast.crds.Holdfast;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Version;

/** A place where disks live. */
@Group(Holdfast.GROUP)
@Version(Holdfast.VERSION)
@Plural("storagepools")
@ShortNames("pool")
public final class StoragePool extends CustomResource<StoragePoolSpec, StoragePoolStatus> {
  private static final long serialVersionUID = 1;
}
