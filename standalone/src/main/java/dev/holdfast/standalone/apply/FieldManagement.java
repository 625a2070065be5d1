package dev.holdfast.standalone.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.apply.ManagedFields.Manager;
import dev.holdfast.standalone.apply.ManagedFields.Owned;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.schema.Schema;
import dev.holdfast.standalone.schema.StructuralSchema;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Field ownership of one resource (or subresource): pure functions over object trees. After
 * managedfields/internal/fieldmanager.go of apimachinery.
 */
public final class FieldManagement {
  private static final FieldSet NEVER_OWNED =
      FieldSet.ofFields(
          "apiVersion kind metadata metadata.name metadata.namespace metadata.creationTimestamp"
              + " metadata.selfLink metadata.uid metadata.clusterName metadata.generation"
              + " metadata.managedFields metadata.resourceVersion");
  private static final String BEFORE_FIRST_APPLY = "before-first-apply";
  private static final String CURRENT_OPERATION = "current-operation";

  private final StructuralSchema schema;
  private final Schema type;
  private final Ownership ownership;
  private final String apiVersion;
  private final String subresource;
  private final Clock clock;

  /**
   * Of one resource.
   *
   * @param apiVersion group and version of the request, written into new entries
   * @param subresource empty for the main resource, else {@code status}, which can own nothing else
   * @param statusApart whether there is such a subresource: then the main one can't own the status
   */
  public FieldManagement(
      StructuralSchema schema,
      String apiVersion,
      String subresource,
      boolean statusApart,
      Clock clock) {
    this.schema = schema;
    this.type = schema.root();
    boolean main = subresource.isEmpty();
    FieldSet ignored = FieldSet.ofFields(!main ? "metadata spec" : statusApart ? "status" : "");
    // What the main resource resets is known to the real server for its own version only.
    this.ownership = new Ownership(type, apiVersion, ignored, !main);
    this.apiVersion = apiVersion;
    this.subresource = subresource;
    this.clock = clock;
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
    Part applied = Cutter.cutApplied(type, configuration);
    ManagedFields managed = ManagedFields.read(live, true);
    ObjectNode before = live == null ? empty(configuration) : withoutManagedFields(live);
    Part cut = Cutter.cut(type, before);
    if (managed.isEmpty()) {
      track(Cutter.cut(type, empty(configuration)), cut, managed, BEFORE_FIRST_APPLY);
    }
    boolean kubectl = manager.equals(LastApplied.MANAGER);
    UnaryOperator<FieldSet> refused =
        force
            ? Ownership.FORCE
            : kubectl
                ? it -> it.difference(LastApplied.unchangedFields(type, before, apiVersion))
                : UnaryOperator.identity();
    Manager applier = new Manager(manager, ManagedFields.APPLY, apiVersion, subresource);
    Part merged = ownership.apply(cut, applied, managed, applier, refused);
    boolean changed = !merged.value().equals(before);
    FieldSet fields = managed.get(applier).fields().difference(NEVER_OWNED);
    managed.put(
        applier, new Owned(fields, apiVersion, changed ? now() : managed.get(applier).time()));
    // A copy, as the parts are shared with the live object.
    ObjectNode result = merged.value() instanceof ObjectNode it ? it.deepCopy() : Json.object();
    if (changed) {
      schema.fillDefaults(result);
    }
    if (kubectl) {
      LastApplied.refresh(result, configuration);
    }
    managed.write(result);
    return result;
  }

  /**
   * Ownership after a create, update or patch that is not an apply. A write that brings
   * managedFields of its own replaces them; an empty list or a list of one empty entry clears them.
   *
   * @param live the object before
   * @return {@code after}, as a copy of its first two levels, with its managedFields
   */
  public ObjectNode update(ObjectNode live, ObjectNode after, String manager) {
    ManagedFields managed = requested(live, after);
    ObjectNode result = withoutManagedFields(after);
    if (managed.isEmpty()) {
      return result;
    }
    return tracked(withoutManagedFields(live), result, managed, manager);
  }

  /**
   * As {@link #update}, of a new object.
   *
   * @param blank the containers that are there before anything is set, and so get no owner
   */
  public ObjectNode create(ObjectNode blank, ObjectNode after, String manager) {
    ObjectNode before = empty(after).setAll(blank);
    return tracked(before, withoutManagedFields(after), new ManagedFields(), manager);
  }

  private ObjectNode tracked(
      ObjectNode before, ObjectNode after, ManagedFields managed, String manager) {
    track(Cutter.cut(type, before), Cutter.cut(type, after), managed, manager);
    managed.capUpdateManagers();
    managed.write(after);
    return after;
  }

  private void track(Part before, Part after, ManagedFields managed, String name) {
    // A name nobody has: what this operation changed must be told from what was owned before.
    Manager current = new Manager(CURRENT_OPERATION, ManagedFields.UPDATE, apiVersion, "");
    ownership.update(before, after, managed, current);
    FieldSet changed = managed.get(current).fields().difference(NEVER_OWNED);
    managed.set(current, new FieldSet(), apiVersion);
    if (!changed.isEmpty()) {
      Manager manager = new Manager(name, ManagedFields.UPDATE, apiVersion, subresource);
      FieldSet fields = changed.union(managed.get(manager).fields());
      managed.put(manager, new Owned(fields, apiVersion, now()));
    }
  }

  private ManagedFields requested(ObjectNode live, ObjectNode after) {
    JsonNode list = Json.at(after, "metadata", "managedFields");
    if (subresource.isEmpty() && list.isArray()) {
      if (list.isEmpty() || (list.size() == 1 && list.get(0).isEmpty())) {
        return new ManagedFields();
      }
      ManagedFields sent = ManagedFields.read(after, false);
      if (!sent.isEmpty()) {
        return sent;
      }
    }
    return ManagedFields.read(live, true);
  }

  private String now() {
    return clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
  }

  private static ObjectNode empty(ObjectNode like) {
    return Json.object().<ObjectNode>setAll(like).retain("apiVersion", "kind");
  }

  /** A copy of the first two levels; what is below is shared. */
  private static ObjectNode withoutManagedFields(ObjectNode object) {
    ObjectNode copy = Json.object().setAll(object);
    if (copy.get("metadata") instanceof ObjectNode metadata) {
      ObjectNode own = Json.object().setAll(metadata);
      own.remove("managedFields");
      copy.set("metadata", own);
    }
    return copy;
  }
}
