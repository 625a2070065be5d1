package dev.holdfast.standalone.apply;

import dev.holdfast.standalone.apply.ApplyConflictException.Conflict;
import dev.holdfast.standalone.apply.ManagedFields.Manager;
import dev.holdfast.standalone.apply.ManagedFields.Owned;
import dev.holdfast.standalone.schema.Schema;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * How owners win and lose fields. After merge/update.go of structured-merge-diff, for one schema
 * (all versions of a kind share it here, as there are no conversions).
 *
 * @param type of the kind
 * @param apiVersion of the request
 * @param ignored fields that the resource resets, so nobody gets to own them through it
 * @param others whether that holds for owners in other versions too
 */
record Ownership(Schema type, String apiVersion, FieldSet ignored, boolean others) {

  /** Of fields that others own, nothing is kept from a manager. */
  static final UnaryOperator<FieldSet> FORCE = _ -> new FieldSet();

  /** The manager gets what it changed, all others lose it. */
  void update(Part live, Part after, ManagedFields managed, Manager manager) {
    Comparison all = Comparison.of(live, after);
    settle(all, managed, manager, FORCE);
    FieldSet fields =
        managed
            .get(manager)
            .fields()
            .difference(all.removed())
            .union(all.changed())
            .without(ignored);
    managed.set(manager, fields, apiVersion);
  }

  /**
   * Merges a configuration; what the manager applied before and does not any more is removed,
   * unless somebody else owns it.
   *
   * @param refused those of the fields that others own which the manager may not take
   * @throws ApplyConflictException when it would take them
   * @throws InvalidConfigurationException if the result can't be read in the version of an owner
   */
  Part apply(
      Part live,
      Part configuration,
      ManagedFields managed,
      Manager manager,
      UnaryOperator<FieldSet> refused) {
    Part merged = live.merge(configuration);
    Owned last = managed.get(manager);
    managed.set(manager, configuration.fields().without(ignored), apiVersion);
    Part result = last.fields().isEmpty() ? merged : prune(merged, managed, last);
    for (String version : managed.byVersion(apiVersion).keySet()) {
      inVersion(live, apiVersion, version);
      inVersion(result, apiVersion, version);
    }
    settle(Comparison.of(live, result), managed, manager, refused);
    return result;
  }

  private void settle(
      Comparison all, ManagedFields managed, Manager manager, UnaryOperator<FieldSet> refused) {
    Comparison own = all.without(ignored);
    List<Conflict> conflicts = new ArrayList<>();
    managed
        .entries()
        .forEach(
            (other, owned) -> {
              if (!other.equals(manager)) {
                Comparison seen = others || owned.apiVersion().equals(apiVersion) ? own : all;
                FieldSet lost = owned.fields().intersection(seen.changed());
                if (!lost.isEmpty()) {
                  refused.apply(lost).display().stream()
                      .map(field -> new Conflict(other.description(), field))
                      .forEach(conflicts::add);
                }
                FieldSet left = owned.fields().difference(lost).difference(seen.removed());
                managed.set(other, left, owned.apiVersion());
              }
            });
    if (!conflicts.isEmpty()) {
      throw new ApplyConflictException(conflicts);
    }
  }

  /**
   * For owners in another version the real server converts an object, and reads it again in that.
   * No conversion changes anything here, but what can't be read is refused as there.
   *
   * @return the version that it is in now
   */
  private String inVersion(Part object, String from, String to) {
    if (!from.equals(to)) {
      Cutter.cutApplied(type, object.value());
    }
    return to;
  }

  private Part prune(Part merged, ManagedFields managed, Owned last) {
    FieldSet lastNamed = last.fields().withNamed(merged);
    FieldSet all = merged.namedFields();
    String version = inVersion(merged, apiVersion, last.apiVersion());
    Part pruned = merged.without(lastNamed);

    // Give back what others, or the new configuration, own; one version after the other.
    for (Map.Entry<String, FieldSet> owned : managed.byVersion(version).entrySet()) {
      inVersion(merged, version, owned.getKey());
      version = inVersion(pruned, version, owned.getKey());
      FieldSet kept = pruned.namedFields().union(owned.getValue().withNamed(merged));
      pruned = merged.without(all.difference(kept));
    }
    inVersion(pruned, version, last.apiVersion());

    // Give back what the manager never owned but lost along with a container.
    Part result = merged.without(all.difference(pruned.namedFields()).intersection(lastNamed));
    inVersion(result, last.apiVersion(), apiVersion);
    return result;
  }
}
