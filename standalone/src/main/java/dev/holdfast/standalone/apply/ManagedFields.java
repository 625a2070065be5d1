package dev.holdfast.standalone.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.json.MalformedDocumentException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
    // As their JSON sorts, by which the real server chooses among managers of one time.
    private static final Comparator<Manager> ORDER =
        Comparator.comparing(Manager::name)
            .thenComparing(Manager::operation)
            .thenComparing(Manager::apiVersion)
            .thenComparing(Manager::subresource, Comparator.reverseOrder());

    Manager {
      apiVersion = operation.equals(APPLY) ? "" : apiVersion;
    }

    @Override
    public int compareTo(Manager other) {
      return ORDER.compare(this, other);
    }

    /** As users see it in conflicts. */
    String description() {
      return TextNode.valueOf(name)
          + (subresource.isEmpty() ? "" : " with subresource \"" + subresource + "\"")
          + (operation.equals(UPDATE) ? " using " + apiVersion : "");
    }
  }

  /**
   * One entry.
   *
   * @param apiVersion in which the fields were written
   * @param time of the last change, RFC 3339 in UTC, which sorts as text; empty if there was none
   */
  record Owned(FieldSet fields, String apiVersion, String time) {}

  private final TreeMap<Manager, Owned> entries = new TreeMap<>();

  /**
   * Reads {@code metadata.managedFields}; none where one of its entries is malformed.
   *
   * @param stored whether it is an object of ours, not one that a client has sent
   */
  static ManagedFields read(@Nullable ObjectNode object, boolean stored) {
    ManagedFields result = new ManagedFields();
    try {
      for (JsonNode entry :
          Json.at(object == null ? Json.object() : object, "metadata", "managedFields")) {
        String operation = Json.textAt(entry, "operation");
        String apiVersion = Json.textAt(entry, "apiVersion");
        if (!Set.of(APPLY, UPDATE).contains(operation)
            || apiVersion.isEmpty()
            || !Json.textAt(entry, "fieldsType").equals("FieldsV1")) {
          return new ManagedFields();
        }
        result.entries.put(
            new Manager(
                Json.textAt(entry, "manager"),
                operation,
                apiVersion,
                Json.textAt(entry, "subresource")),
            new Owned(
                FieldSet.fromJson(entry.get("fieldsV1"), stored),
                apiVersion,
                Json.textAt(entry, "time")));
      }
      return result;
    } catch (IllegalArgumentException | MalformedDocumentException e) {
      return new ManagedFields();
    }
  }

  boolean isEmpty() {
    return entries.isEmpty();
  }

  /** A copy, so that the entries may be changed while it is read. */
  Map<Manager, Owned> entries() {
    return new TreeMap<>(entries);
  }

  /** What a manager has, which may be nothing. */
  Owned get(Manager manager) {
    return entries.getOrDefault(manager, new Owned(new FieldSet(), "", ""));
  }

  /** What is owned in each version; one of them comes first, if there is something. */
  Map<String, FieldSet> byVersion(String first) {
    Map<String, FieldSet> versions = new LinkedHashMap<>();
    versions.put(first, new FieldSet());
    entries
        .values()
        .forEach(owned -> versions.merge(owned.apiVersion(), owned.fields(), FieldSet::union));
    versions.values().removeIf(FieldSet::isEmpty);
    return versions;
  }

  /** Sets the fields and keeps the time; an entry without any field is dropped. */
  void set(Manager manager, FieldSet fields, String apiVersion) {
    put(manager, new Owned(fields, apiVersion, get(manager).time()));
  }

  void put(Manager manager, Owned owned) {
    if (owned.fields().isEmpty()) {
      entries.remove(manager);
    } else {
      entries.put(manager, owned);
    }
  }

  /** Merges the oldest update managers of a version until there are at most ten. */
  void capUpdateManagers() {
    List<Map.Entry<Manager, Owned>> updaters = new ArrayList<>(entries.entrySet());
    updaters.removeIf(entry -> entry.getKey().operation().equals(APPLY));
    int count = updaters.size();
    updaters.sort(Comparator.comparing(entry -> entry.getValue().time()));
    Map<String, Manager> firstOfVersion = new HashMap<>();
    for (Map.Entry<Manager, Owned> updater : List.copyOf(updaters)) {
      if (count <= MAXIMUM_UPDATE_MANAGERS) {
        return;
      }
      Owned owned = updater.getValue();
      Manager first = firstOfVersion.putIfAbsent(owned.apiVersion(), updater.getKey());
      if (first != null) {
        Manager bucket = new Manager(ANCIENT_CHANGES, UPDATE, owned.apiVersion(), "");
        FieldSet collected = get(entries.containsKey(bucket) ? bucket : first).fields();
        entries.remove(entries.containsKey(bucket) ? updater.getKey() : first);
        entries.remove(updater.getKey());
        FieldSet fields = owned.fields().union(collected);
        entries.put(bucket, new Owned(fields, owned.apiVersion(), owned.time()));
        count--;
      }
    }
  }

  /** Writes the entries into the metadata, or removes them where there are none. */
  void write(ObjectNode object) {
    ObjectNode metadata = object.withObjectProperty("metadata");
    if (entries.isEmpty()) {
      metadata.remove("managedFields");
      return;
    }
    Comparator<Map.Entry<Manager, Owned>> order =
        Comparator.comparing(entry -> entry.getKey().operation());
    ArrayNode list = metadata.putArray("managedFields");
    entries.entrySet().stream()
        .sorted(
            order
                .thenComparing(entry -> entry.getValue().time())
                .thenComparing(entry -> entry.getKey().name())
                .thenComparing(entry -> entry.getValue().apiVersion())
                .thenComparing(entry -> entry.getKey().subresource()))
        .forEach(entry -> list.add(json(entry.getKey(), entry.getValue())));
  }

  private static ObjectNode json(Manager manager, Owned owned) {
    ObjectNode entry = Json.object();
    entry.put("manager", manager.name());
    entry.put("operation", manager.operation());
    entry.put("apiVersion", owned.apiVersion());
    if (!owned.time().isEmpty()) {
      entry.put("time", owned.time());
    }
    entry.put("fieldsType", "FieldsV1");
    entry.set("fieldsV1", owned.fields().toJson());
    if (!manager.subresource().isEmpty()) {
      entry.put("subresource", manager.subresource());
    }
    return entry;
  }
}
