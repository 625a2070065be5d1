package dev.holdfast.crds.node;

import com.fasterxml.jackson.annotation.JsonInclude;

/** What the administrator says about the node. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record HypervisorNodeSpec(boolean maintenance) {}
