package dev.holdfast.crds.network;

import dev.holdfast.crds.Holdfast;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Version;

/** A network that machines can be plugged into. */
@Group(Holdfast.GROUP)
@Version(Holdfast.VERSION)
@Plural("virtualnetworks")
@ShortNames("vnet")
public final class VirtualNetwork extends CustomResource<VirtualNetworkSpec, VirtualNetworkStatus>
    implements Namespaced {
  private static final long serialVersionUID = 1;
}
