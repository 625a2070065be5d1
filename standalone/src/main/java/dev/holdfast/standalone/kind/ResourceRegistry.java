package dev.holdfast.standalone.kind;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The resources that are served at this moment. Thread-safe; readers see whole states. */
public final class ResourceRegistry {
  private final List<ResourceType> builtIn;
  private volatile Map<String, List<ResourceType>> custom = Map.of();

  public ResourceRegistry(List<ResourceType> builtIn) {
    this.builtIn = List.copyOf(builtIn);
  }

  /** All of them, by group, version and plural name. */
  public List<ResourceType> all() {
    List<ResourceType> all = new ArrayList<>(builtIn);
    custom.values().forEach(all::addAll);
    all.sort(
        Comparator.comparing(ResourceType::group)
            .thenComparing(ResourceType::version)
            .thenComparing(ResourceType::plural));
    return all;
  }

  public @Nullable ResourceType find(String group, String version, String plural) {
    for (ResourceType type : builtIn) {
      if (matches(type, group, version, plural)) {
        return type;
      }
    }
    for (ResourceType type : custom.getOrDefault(plural + "." + group, List.of())) {
      if (matches(type, group, version, plural)) {
        return type;
      }
    }
    return null;
  }

  private static boolean matches(ResourceType type, String group, String version, String plural) {
    return type.plural().equals(plural)
        && type.version().equals(version)
        && type.group().equals(group);
  }

  /** Any served version of what is stored under a group and plural name. */
  public @Nullable ResourceType findStored(String storageGroup, String plural) {
    for (ResourceType type : all()) {
      if (type.storageGroup().equals(storageGroup)
          && type.plural().equals(plural)
          && type.group().equals(storageGroup)) {
        return type;
      }
    }
    return null;
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
