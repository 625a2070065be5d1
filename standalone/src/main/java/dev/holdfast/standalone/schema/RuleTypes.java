package dev.holdfast.standalone.schema;

import com.google.common.collect.ImmutableCollection;
import com.google.common.collect.ImmutableMap;
import dev.cel.common.types.CelType;
import dev.cel.common.types.CelTypeProvider;
import dev.cel.common.types.ListType;
import dev.cel.common.types.MapType;
import dev.cel.common.types.SimpleType;
import dev.cel.common.types.StructType;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The types that rules see. After SchemaDeclType in pkg/cel/common/schemas.go of apiserver: what
 * has no schema has no type, and fields without a type do not exist for rules.
 */
final class RuleTypes {
  private static final Set<String> RESERVED =
      Set.of(
          ("true false null in as break const continue else for function if import let loop package"
                  + " namespace return var void while")
              .split(" "));

  private final Map<String, CelType> structs = new HashMap<>();

  /** The name under which rules know a field; null for one that they can't name. */
  static @Nullable String escape(String name) {
    if (!name.matches("[a-zA-Z_./-][a-zA-Z0-9_./-]*")) {
      return null;
    }
    return RESERVED.contains(name)
        ? "__" + name + "__"
        : name.replace("__", "__underscores__")
            .replace(".", "__dot__")
            .replace("-", "__dash__")
            .replace("/", "__slash__");
  }

  /**
   * The type of a node.
   *
   * @param name a unique name, under which a struct is registered
   * @return null where the schema says nothing
   */
  @Nullable CelType of(@Nullable Schema node, String name) {
    if (node == null || node.intOrString()) {
      return node == null ? null : SimpleType.DYN;
    }
    return switch (node.type()) {
      case "object" -> node.additional() == null ? struct(node, name) : map(node, name);
      case "array" -> {
        CelType item = of(node.items(), name + ".items");
        yield item == null ? null : ListType.create(item);
      }
      case "string" ->
          switch (node.format()) {
            case "byte", "duration", "date" -> null; // of types that no rule here has needed
            case "date-time" -> SimpleType.TIMESTAMP;
            default -> SimpleType.STRING;
          };
      case "boolean" -> SimpleType.BOOL;
      case "number" -> SimpleType.DOUBLE;
      case "integer" -> SimpleType.INT;
      default -> null;
    };
  }

  private @Nullable CelType map(Schema node, String name) {
    CelType value = of(node.additional(), name + ".values");
    return value == null ? null : MapType.create(SimpleType.STRING, value);
  }

  private CelType struct(Schema node, String name) {
    Map<String, CelType> fields = new HashMap<>();
    node.properties()
        .forEach(
            (field, child) -> {
              String escaped = escape(field);
              CelType type = of(child, name + "." + field);
              if (escaped != null && type != null) {
                fields.put(escaped, type);
              }
            });
    ImmutableMap<String, CelType> types = ImmutableMap.copyOf(fields);
    StructType struct =
        StructType.create(name, types.keySet(), field -> Optional.ofNullable(types.get(field)));
    structs.put(name, struct);
    return struct;
  }

  /** What the checker looks names of types up in. */
  CelTypeProvider provider() {
    return new Provider(ImmutableMap.copyOf(structs));
  }

  private record Provider(ImmutableMap<String, CelType> byName) implements CelTypeProvider {
    @Override
    public ImmutableCollection<CelType> types() {
      return byName.values();
    }

    @Override
    public Optional<CelType> findType(String typeName) {
      return Optional.ofNullable(byName.get(typeName));
    }
  }
}
