package dev.holdfast.standalone.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.apply.ManagedFields.Manager;
import dev.holdfast.standalone.apply.ManagedFields.Owned;
import dev.holdfast.standalone.schema.FieldType;
import java.util.Map;
import java.util.TreeMap;

/**
 * How owners win and lose fields. After merge/update.go of structured-merge-diff, for one schema
 * (all versions of a kind share it here, as there are no conversions).
 */
final class Ownership {
  private final FieldType type;
  private final FieldSet ignored;
  private final String apiVersion;

  /**
   * @param ignored fields that the resource resets, so nobody gets to own them through it
   */
  Ownership(FieldType type, FieldSet ignored, String apiVersion) {
    this.type = type;
    this.ignored = ignored;
    this.apiVersion = apiVersion;
  }

  /** The manager gets what it changed, all others lose it. */
  void update(ObjectNode live, ObjectNode after, ManagedFields managed, Manager manager) {
    Comparison comparison = settle(live, after, managed, manager, true);
    FieldSet fields =
        managed
            .fieldsOf(manager)
            .difference(comparison.removed())
            .union(comparison.modified())
            .union(comparison.added())
            .without(ignored);
    managed.putOrDrop(manager, new Owned(fields, apiVersion));
  }

  /**
   * Merges a configuration; what the manager applied before and does not any more is removed,
   * unless somebody else owns it.
   *
   * @throws ApplyConflictException unless {@code force}
   */
  ObjectNode apply(
      ObjectNode live,
      ObjectNode configuration,
      ManagedFields managed,
      Manager manager,
      boolean force) {
    JsonNode merged = Merger.merge(type, live, configuration);
    if (merged == null) {
      merged = JsonNodeFactory.instance.objectNode();
    }
    FieldSet last = managed.fieldsOf(manager);
    FieldSet fields = FieldCollector.collect(type, configuration).without(ignored);
    managed.put(manager, new Owned(fields, apiVersion));
    JsonNode result = last.isEmpty() ? merged : prune(merged, managed, last);
    ObjectNode object =
        result instanceof ObjectNode node ? node : JsonNodeFactory.instance.objectNode();
    settle(live, object, managed, manager, force);
    return object;
  }

  private Comparison settle(
      ObjectNode live, JsonNode after, ManagedFields managed, Manager manager, boolean force) {
    Comparison comparison = Comparison.of(type, live, after).without(ignored);
    FieldSet changed = comparison.changed();
    Map<Manager, FieldSet> conflicts = new TreeMap<>();
    for (Manager other : managed.managers()) {
      if (!other.equals(manager)) {
        FieldSet lost = managed.fieldsOf(other).intersection(changed);
        if (!lost.isEmpty()) {
          conflicts.put(other, lost);
        }
      }
    }
    if (!force && !conflicts.isEmpty()) {
      throw new ApplyConflictException(conflicts);
    }
    for (Manager other : managed.managers()) {
      Owned owned = managed.get(other);
      if (owned == null) {
        continue;
      }
      FieldSet left = owned.fields();
      if (!other.equals(manager)) {
        left =
            left.difference(conflicts.getOrDefault(other, new FieldSet()))
                .difference(comparison.removed());
      }
      managed.putOrDrop(other, new Owned(left, owned.apiVersion()));
    }
    return comparison;
  }

  private JsonNode prune(JsonNode merged, ManagedFields managed, FieldSet last) {
    FieldSet lastNamed = last.withNamedFields(type);
    FieldSet all = FieldCollector.collect(type, merged).withNamedFields(type);
    JsonNode pruned = Removal.remove(type, merged, lastNamed);

    // Give back what others, or the new configuration, own.
    FieldSet owned = managed.all().withNamedFields(type);
    pruned = Removal.remove(type, merged, all.difference(fieldsOf(pruned).union(owned)));

    // Give back what the manager never owned but lost along with a container.
    return Removal.remove(type, merged, all.difference(fieldsOf(pruned)).intersection(lastNamed));
  }

  private FieldSet fieldsOf(JsonNode value) {
    return value instanceof NullNode
        ? new FieldSet()
        : FieldCollector.collect(type, value).withNamedFields(type);
  }
}
