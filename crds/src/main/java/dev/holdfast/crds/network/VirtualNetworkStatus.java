package dev.holdfast.crds.network;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.holdfast.crds.Condition;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The network as it is, written by the operator. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record VirtualNetworkStatus(
    @Nullable Long observedGeneration,
    @Nullable String bridge,
    @Nullable String gateway,
    @Nullable List<Condition> conditions) {}
