package dev.holdfast.standalone.resource;

import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * What a write has done.
 *
 * @param object the object as served
 * @param created whether it was not there before (201 instead of 200)
 * @param gone whether it is there no longer: the write began its deletion, and nothing holds it, or
 *     took its last finalizer
 */
public record Written(ObjectNode object, boolean created, boolean gone) {}
