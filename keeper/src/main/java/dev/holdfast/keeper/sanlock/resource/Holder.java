package dev.holdfast.keeper.sanlock.resource;

import dev.holdfast.keeper.sanlock.lockspace.Peer;

/**
 * Who holds a resource.
 *
 * @param generation the life of the host in which it took it
 * @param host what is known of that host now; it may be in a later life
 */
public record Holder(int hostId, long generation, Peer host) {}
