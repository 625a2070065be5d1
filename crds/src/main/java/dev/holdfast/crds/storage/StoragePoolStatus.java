package dev.holdfast.crds.storage;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.holdfast.crds.Condition;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The pool as it is, written by the operator.
 *
 * @param nodes number of nodes on which the pool can be used
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record StoragePoolStatus(
    @Nullable Long observedGeneration,
    @Nullable Integer nodes,
    @Nullable List<Condition> conditions) {}
