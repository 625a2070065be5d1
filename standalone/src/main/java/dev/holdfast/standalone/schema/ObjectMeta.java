package dev.holdfast.standalone.schema;

import dev.holdfast.standalone.json.Yaml;
import java.util.Map;

/** The fields that every object has, whatever the schema of its kind says. */
public final class ObjectMeta {
  /** apiVersion, kind and metadata. */
  public static final Map<String, Schema> FIELDS =
      Schema.read(Yaml.resource(ObjectMeta.class, "object-meta.yaml")).properties();

  private ObjectMeta() {}
}
