package dev.holdfast.standalone.schema;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Yaml;

/** The schema of {@code metadata}, which is the same for every kind. */
public final class ObjectMeta {
  private static final ObjectNode SCHEMA = Yaml.resource(ObjectMeta.class, "object-meta.yaml");
  static final FieldType TYPE = FieldType.of(Schema.read(SCHEMA), false);

  private ObjectMeta() {}

  /** OpenAPI v3 with the extensions of Kubernetes; not to be changed. */
  public static ObjectNode schema() {
    return SCHEMA;
  }
}
