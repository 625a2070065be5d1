package dev.holdfast.node.host.qemu;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** JSON objects as QEMU takes them for -device, -blockdev, -netdev and -object. */
final class QemuJson {
  private QemuJson() {}

  static ObjectNode object() {
    return JsonNodeFactory.instance.objectNode();
  }

  static ObjectNode object(String key, String value) {
    return object().put(key, value);
  }
}
