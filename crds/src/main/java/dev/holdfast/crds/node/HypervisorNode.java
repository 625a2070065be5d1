package dev.holdfast.crds.node;

import dev.holdfast.crds.Holdfast;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Version;

/** A host that runs machines. */
@Group(Holdfast.GROUP)
@Version(Holdfast.VERSION)
@Plural("hypervisornodes")
@ShortNames("hvnode")
public final class HypervisorNode extends CustomResource<HypervisorNodeSpec, HypervisorNodeStatus> {
  private static final long serialVersionUID = 1;
}
