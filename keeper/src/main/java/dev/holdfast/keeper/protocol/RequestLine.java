package dev.holdfast.keeper.protocol;

/**
 * One line from a client.
 *
 * @param id chosen by the client, repeated in the reply
 */
public record RequestLine(long id, Request request) {}
