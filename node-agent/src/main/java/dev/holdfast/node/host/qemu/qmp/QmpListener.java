package dev.holdfast.node.host.qemu.qmp;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * Hears what a monitor says unasked. Called on the thread that reads the socket: an implementation
 * must neither block nor wait for a reply on the same connection.
 */
public interface QmpListener {

  /**
   * Something has happened.
   *
   * @param name such as {@code STOP}; see the QEMU QMP Reference Manual
   * @param data the event's data, an empty object where there is none
   */
  void event(String name, JsonNode data);

  /** The connection has ended, by whichever side. Called once, after the last event. */
  void closed();
}
