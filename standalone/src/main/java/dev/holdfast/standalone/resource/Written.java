package dev.holdfast.standalone.resource;

import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * The answer to a write.
 *
 * @param object as served; or a Status, where the verb answers with one
 * @param created whether it was not there before (201 instead of 200)
 */
public record Written(ObjectNode object, boolean created) {}
