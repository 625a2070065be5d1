package dev.holdfast.standalone.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.apply.ManagedFields.Manager;
import dev.holdfast.standalone.apply.ManagedFields.Owned;
import dev.holdfast.standalone.json.JsonValues;
import dev.holdfast.standalone.schema.FieldType;
import dev.holdfast.standalone.schema.StructuralSchema;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Field ownership of one resource (or subresource): pure functions over object trees. After
 * managedfields/internal/fieldmanager.go of apimachinery.
 */
public final class FieldManagement {
  private static final FieldSet NEVER_OWNED =
      FieldSet.ofFields(
          "apiVersion",
          "kind",
          "metadata",
          "metadata.name",
          "metadata.namespace",
          "metadata.creationTimestamp",
          "metadata.selfLink",
          "metadata.uid",
          "metadata.clusterName",
          "metadata.generation",
          "metadata.managedFields",
          "metadata.resourceVersion");
  private static final String BEFORE_FIRST_APPLY = "before-first-apply";
  private static final String CURRENT_OPERATION = "current-operation";

  private final StructuralSchema schema;
  private final FieldType type;
  private final Ownership ownership;
  private final String apiVersion;
  private final String subresource;
  private final Clock clock;

  /**
   * For a kind with a status subresource.
   *
   * @param apiVersion group and version of the request, written into new entries
   * @param subresource empty for the main resource, which can't own the status, else {@code
   *     status}, which can own nothing else
   */
  public FieldManagement(
      StructuralSchema schema, String apiVersion, String subresource, Clock clock) {
    this(
        schema,
        apiVersion,
        subresource,
        clock,
        subresource.isEmpty()
            ? FieldSet.ofFields("status")
            : FieldSet.ofFields("metadata", "spec"));
  }

  private FieldManagement(
      StructuralSchema schema,
      String apiVersion,
      String subresource,
      Clock clock,
      FieldSet ignored) {
    this.schema = schema;
    this.type = schema.root();
    this.ownership = new Ownership(type, ignored, apiVersion);
    this.apiVersion = apiVersion;
    this.subresource = subresource;
    this.clock = clock;
  }

  /** For a kind without a status subresource, whose status is a field as any other. */
  public static FieldManagement withoutStatusSubresource(
      StructuralSchema schema, String apiVersion, Clock clock) {
    return new FieldManagement(schema, apiVersion, "", clock, new FieldSet());
  }

  /**
   * Merges an applied configuration into the live object and fills in the schema's defaults. A
   * container that loses all it had, but is still applied as an empty one, becomes null: the real
   * server does that too, and refuses the object by its schema.
   *
   * @param live null to create
   * @return the new object with its managedFields; equal to {@code live}, but for times in its
   *     managedFields, when nothing changed
   * @throws ApplyConflictException when other managers own what would change, unless {@code force}
   * @throws InvalidConfigurationException when the configuration does not fit the schema
   */
  public ObjectNode apply(
      @Nullable ObjectNode live, ObjectNode configuration, String manager, boolean force) {
    ConfigurationCheck.check(type, configuration, "");
    ManagedFields managed = ManagedFields.read(live);
    ObjectNode before = live == null ? empty(configuration) : withoutManagedFields(live);
    if (managed.isEmpty()) {
      track(empty(configuration), before, managed, BEFORE_FIRST_APPLY);
    }
    ObjectNode result = applyOrTakeOver(before, configuration, managed, manager, force);
    if (manager.equals(LastApplied.MANAGER)) {
      LastApplied.refresh(result, configuration);
    }
    managed.write(result);
    return result;
  }

  private ObjectNode applyOrTakeOver(
      ObjectNode before,
      ObjectNode configuration,
      ManagedFields managed,
      String manager,
      boolean force) {
    ManagedFields untouched = managed.copy();
    try {
      return merge(before, configuration, managed, manager, force);
    } catch (ApplyConflictException conflict) {
      if (!manager.equals(LastApplied.MANAGER)) {
        throw conflict;
      }
      FieldSet allowed =
          LastApplied.unchangedFields(type, before, apiVersion).orElseThrow(() -> conflict);
      Map<Manager, FieldSet> left = new TreeMap<>();
      conflict
          .fields()
          .forEach(
              (other, fields) -> {
                FieldSet refused = fields.difference(allowed);
                if (!refused.isEmpty()) {
                  left.put(other, refused);
                }
              });
      if (!left.isEmpty()) {
        throw new ApplyConflictException(left);
      }
      managed.replaceWith(untouched);
      return merge(before, configuration, managed, manager, true);
    }
  }

  private ObjectNode merge(
      ObjectNode before,
      ObjectNode configuration,
      ManagedFields managed,
      String name,
      boolean force) {
    Manager manager = Manager.of(name, ManagedFields.APPLY, apiVersion, subresource);
    ObjectNode result = ownership.apply(before, configuration, managed, manager, force).deepCopy();
    strip(managed, manager);
    if (JsonValues.equal(before, result)) {
      return before.deepCopy();
    }
    managed.touch(manager, now());
    schema.fillDefaults(result);
    return result;
  }

  /**
   * Ownership after a create, update or patch that is not an apply. A write that brings
   * managedFields of its own replaces them; an empty list or a list of one empty entry clears them.
   *
   * @param live the object before; null when it is created
   * @return {@code after}, as a copy, with its managedFields
   */
  public ObjectNode update(@Nullable ObjectNode live, ObjectNode after, String manager) {
    return update(live, live == null ? empty(after) : withoutManagedFields(live), after, manager);
  }

  /**
   * As {@link #update}, of a new object.
   *
   * @param blank the containers that are there before anything is set, and so get no owner
   */
  public ObjectNode create(ObjectNode blank, ObjectNode after, String manager) {
    return update(null, empty(after).setAll(blank), after, manager);
  }

  private ObjectNode update(
      @Nullable ObjectNode live, ObjectNode before, ObjectNode after, String manager) {
    ManagedFields managed = requested(live, after);
    ObjectNode result = withoutManagedFields(after);
    if (live != null && managed.isEmpty()) {
      return result;
    }
    track(before, result, managed, manager);
    managed.capUpdateManagers();
    managed.write(result);
    return result;
  }

  private void track(ObjectNode before, ObjectNode after, ManagedFields managed, String name) {
    // A name nobody has: what this operation changed must be told from what was owned before.
    Manager current = new Manager(CURRENT_OPERATION, ManagedFields.UPDATE, apiVersion, "");
    ownership.update(before, after, managed, current);
    strip(managed, current);
    Owned changed = managed.get(current);
    if (changed == null) {
      return;
    }
    managed.putOrDrop(current, new Owned(new FieldSet(), apiVersion));
    Manager manager = Manager.of(name, ManagedFields.UPDATE, apiVersion, subresource);
    managed.put(manager, new Owned(changed.fields().union(managed.fieldsOf(manager)), apiVersion));
    managed.touch(manager, now());
  }

  private ManagedFields requested(@Nullable ObjectNode live, ObjectNode after) {
    if (!subresource.isEmpty()) {
      return ManagedFields.readLeniently(live);
    }
    JsonNode list = after.path("metadata").path("managedFields");
    if (list.isArray() && (list.isEmpty() || (list.size() == 1 && list.get(0).isEmpty()))) {
      return new ManagedFields();
    }
    ManagedFields sent = ManagedFields.readLeniently(after);
    return sent.isEmpty() ? ManagedFields.readLeniently(live) : sent;
  }

  private static void strip(ManagedFields managed, Manager manager) {
    Owned owned = managed.get(manager);
    if (owned != null) {
      managed.putOrDrop(
          manager, new Owned(owned.fields().difference(NEVER_OWNED), owned.apiVersion()));
    }
  }

  private String now() {
    return clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
  }

  private static ObjectNode empty(ObjectNode like) {
    ObjectNode empty = JsonNodeFactory.instance.objectNode();
    for (String field : new String[] {"apiVersion", "kind"}) {
      JsonNode value = like.get(field);
      if (value != null) {
        empty.set(field, value);
      }
    }
    return empty;
  }

  private static ObjectNode withoutManagedFields(ObjectNode object) {
    ObjectNode copy = object.deepCopy();
    if (copy.get("metadata") instanceof ObjectNode metadata) {
      metadata.remove("managedFields");
    }
    return copy;
  }
}
