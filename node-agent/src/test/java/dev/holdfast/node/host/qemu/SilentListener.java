package dev.holdfast.node.host.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.node.host.qemu.qmp.QmpListener;

/** Not interested. */
final class SilentListener implements QmpListener {
  @Override
  public void event(String name, JsonNode data) {}

  @Override
  public void closed() {}
}
