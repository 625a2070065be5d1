package dev.holdfast.standalone.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Who owns which fields: the entries of {@code metadata.managedFields}, while an operation works on
 * them. After managedfields/internal of apimachinery.
 */
final class ManagedFields {
  static final String APPLY = "Apply";
  static final String UPDATE = "Update";
  private static final int MAXIMUM_UPDATE_MANAGERS = 10;
  private static final String ANCIENT_CHANGES = "ancient-changes";

  /**
   * What tells one entry from another; appliers keep theirs when they move to another version.
   *
   * @param apiVersion empty for an applier
   */
  record Manager(String name, String operation, String apiVersion, String subresource)
      implements Comparable<Manager> {
    private static final Comparator<Manager> ORDER =
        Comparator.comparing(Manager::name)
            .thenComparing(Manager::operation)
            .thenComparing(Manager::apiVersion)
            .thenComparing(Manager::subresource);

    static Manager of(String name, String operation, String apiVersion, String subresource) {
      return new Manager(
          name.isEmpty() ? "unknown" : name,
          operation,
          operation.equals(APPLY) ? "" : apiVersion,
          subresource);
    }

    @Override
    public int compareTo(Manager other) {
      return ORDER.compare(this, other);
    }

    /** As users see it in conflicts. */
    String description() {
      StringBuilder text = new StringBuilder(PathElement.Json.text(name).toString());
      if (!subresource.isEmpty()) {
        text.append(" with subresource \"").append(subresource).append('"');
      }
      if (operation.equals(UPDATE)) {
        text.append(" using ").append(apiVersion);
      }
      return text.toString();
    }
  }

  /** The fields of one entry and the version they were written in. */
  record Owned(FieldSet fields, String apiVersion) {}

  private final TreeMap<Manager, Owned> entries = new TreeMap<>();
  private final Map<Manager, String> times = new HashMap<>();

  /**
   * Reads {@code metadata.managedFields}.
   *
   * @throws IllegalArgumentException if an entry is malformed
   */
  static ManagedFields read(@Nullable ObjectNode object) {
    ManagedFields result = new ManagedFields();
    JsonNode list = object == null ? null : object.path("metadata").get("managedFields");
    if (list == null) {
      return result;
    }
    for (JsonNode entry : list) {
      String operation = entry.path("operation").asText();
      String apiVersion = entry.path("apiVersion").asText();
      if (!operation.equals(APPLY) && !operation.equals(UPDATE)) {
        throw new IllegalArgumentException("operation must be `Apply` or `Update`");
      }
      if (apiVersion.isEmpty()) {
        throw new IllegalArgumentException("apiVersion must not be empty");
      }
      if (!entry.path("fieldsType").asText().equals("FieldsV1")) {
        throw new IllegalArgumentException("fieldsType must be FieldsV1");
      }
      Manager manager =
          new Manager(
              entry.path("manager").asText(),
              operation,
              operation.equals(APPLY) ? "" : apiVersion,
              entry.path("subresource").asText());
      result.put(manager, new Owned(FieldSet.fromJson(entry.get("fieldsV1")), apiVersion));
      if (entry.hasNonNull("time")) {
        result.times.put(manager, entry.get("time").asText());
      }
    }
    return result;
  }

  /** As {@link #read}, but empty where the entries can't be read. */
  static ManagedFields readLeniently(@Nullable ObjectNode object) {
    try {
      return read(object);
    } catch (IllegalArgumentException e) {
      return new ManagedFields();
    }
  }

  ManagedFields copy() {
    ManagedFields copy = new ManagedFields();
    copy.entries.putAll(entries);
    copy.times.putAll(times);
    return copy;
  }

  void replaceWith(ManagedFields other) {
    entries.clear();
    entries.putAll(other.entries);
    times.clear();
    times.putAll(other.times);
  }

  boolean isEmpty() {
    return entries.isEmpty();
  }

  List<Manager> managers() {
    return List.copyOf(entries.keySet());
  }

  @Nullable Owned get(Manager manager) {
    return entries.get(manager);
  }

  FieldSet fieldsOf(Manager manager) {
    Owned owned = entries.get(manager);
    return owned == null ? new FieldSet() : owned.fields();
  }

  void put(Manager manager, Owned owned) {
    entries.put(manager, owned);
  }

  /** Replaces the fields; an entry without any is dropped. */
  void putOrDrop(Manager manager, Owned owned) {
    if (owned.fields().isEmpty()) {
      entries.remove(manager);
    } else {
      entries.put(manager, owned);
    }
  }

  void touch(Manager manager, String time) {
    times.put(manager, time);
  }

  FieldSet all() {
    return entries.values().stream().map(Owned::fields).reduce(new FieldSet(), FieldSet::union);
  }

  /** Merges the oldest update managers of a version until there are at most ten. */
  void capUpdateManagers() {
    List<Manager> updaters = new ArrayList<>();
    entries.keySet().stream().filter(m -> m.operation().equals(UPDATE)).forEach(updaters::add);
    int count = updaters.size();
    updaters.sort(Comparator.comparing(this::timeOf).thenComparing(Comparator.naturalOrder()));
    Map<String, Manager> firstOfVersion = new HashMap<>();
    for (Manager manager : updaters) {
      if (count <= MAXIMUM_UPDATE_MANAGERS) {
        return;
      }
      Owned owned = entries.get(manager);
      if (owned == null) {
        continue;
      }
      Manager first = firstOfVersion.putIfAbsent(owned.apiVersion(), manager);
      if (first == null) {
        continue;
      }
      Manager bucket = new Manager(ANCIENT_CHANGES, UPDATE, owned.apiVersion(), "");
      Owned collected = entries.get(bucket);
      if (collected == null) {
        collected = entries.remove(first);
      }
      FieldSet before = collected == null ? new FieldSet() : collected.fields();
      entries.remove(manager);
      entries.put(bucket, new Owned(owned.fields().union(before), owned.apiVersion()));
      String time = times.get(manager);
      if (time != null) {
        times.put(bucket, time);
      }
      count--;
    }
  }

  /** Writes the entries into the metadata, or removes them where there are none. */
  void write(ObjectNode object) {
    ObjectNode metadata = object.withObjectProperty("metadata");
    if (entries.isEmpty()) {
      metadata.remove("managedFields");
      return;
    }
    ArrayNode list = JsonNodeFactory.instance.arrayNode();
    entries.keySet().stream()
        .sorted(
            Comparator.comparing(Manager::operation)
                .thenComparing(this::timeOf)
                .thenComparing(Manager::name)
                .thenComparing(manager -> fieldsVersion(manager))
                .thenComparing(Manager::subresource))
        .forEach(manager -> list.add(entry(manager)));
    metadata.set("managedFields", list);
  }

  private String fieldsVersion(Manager manager) {
    Owned owned = entries.get(manager);
    return owned == null ? "" : owned.apiVersion();
  }

  /** RFC 3339 in UTC sorts as text; none is the oldest. */
  private String timeOf(Manager manager) {
    return times.getOrDefault(manager, "");
  }

  private ObjectNode entry(Manager manager) {
    ObjectNode entry = JsonNodeFactory.instance.objectNode();
    entry.put("manager", manager.name());
    entry.put("operation", manager.operation());
    entry.put("apiVersion", fieldsVersion(manager));
    String time = times.get(manager);
    if (time != null) {
      entry.put("time", time);
    }
    entry.put("fieldsType", "FieldsV1");
    entry.set("fieldsV1", fieldsOf(manager).toJson());
    if (!manager.subresource().isEmpty()) {
      entry.put("subresource", manager.subresource());
    }
    return entry;
  }
}
