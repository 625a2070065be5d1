package dev.holdfast.standalone.kind;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** Translates between the version that is stored and the one that is served; in place. */
public interface View {
  void toServed(ObjectNode stored);

  void toStored(ObjectNode served);

  /** For versions that differ only in {@code apiVersion} (conversion strategy None). */
  static View ofVersions(String storedApiVersion, String servedApiVersion) {
    return new View() {
      @Override
      public void toServed(ObjectNode stored) {
        stored.put("apiVersion", servedApiVersion);
      }

      @Override
      public void toStored(ObjectNode served) {
        served.put("apiVersion", storedApiVersion);
      }
    };
  }
}
