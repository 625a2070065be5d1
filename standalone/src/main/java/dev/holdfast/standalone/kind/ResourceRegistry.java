package dev.holdfast.standalone.kind;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The resources that are served at this moment. Thread-safe; readers see whole states. */
public final class ResourceRegistry {
  private final List<ResourceType> builtIn;
  private volatile Map<String, List<ResourceType>> custom = Map.of(); // by plural.group

  public ResourceRegistry(List<ResourceType> builtIn) {
    this.builtIn = List.copyOf(builtIn);
  }

  /** All of them, by group, version and plural name. */
  public List<ResourceType> all() {
    return Stream.concat(builtIn.stream(), custom.values().stream().flatMap(Collection::stream))
        .sorted(
            Comparator.comparing(ResourceType::group)
                .thenComparing(ResourceType::version)
                .thenComparing(ResourceType::plural))
        .toList();
  }

  public @Nullable ResourceType find(String group, String version, String plural) {
    return candidates(group, plural)
        .filter(type -> type.version().equals(version))
        .findFirst()
        .orElse(null);
  }

  /** Any served version of what is stored under a group and plural name. */
  public @Nullable ResourceType findStored(String group, String plural) {
    return candidates(group, plural)
        .filter(type -> type.storageGroup().equals(group))
        .findFirst()
        .orElse(null);
  }

  /** Any served version of a kind. */
  public @Nullable ResourceType findKind(String group, String kind) {
    return all().stream()
        .filter(type -> type.group().equals(group) && type.kind().equals(kind))
        .findFirst()
        .orElse(null);
  }

  /** A resource that is always there, in version 1. */
  public ResourceType builtIn(String group, String plural) {
    return candidates(group, plural).findFirst().orElseThrow();
  }

  private Stream<ResourceType> candidates(String group, String plural) {
    return Stream.concat(
            builtIn.stream(), custom.getOrDefault(plural + "." + group, List.of()).stream())
        .filter(type -> type.plural().equals(plural) && type.group().equals(group));
  }

  /**
   * Serves the versions of one definition, instead of what it served before.
   *
   * @param definition name of the definition: plural.group
   * @param versions none to serve it no longer
   */
  public synchronized void serve(String definition, List<ResourceType> versions) {
    Map<String, List<ResourceType>> next = new TreeMap<>(custom);
    if (versions.isEmpty()) {
      next.remove(definition);
    } else {
      next.put(definition, List.copyOf(versions));
    }
    custom = next;
  }
}
