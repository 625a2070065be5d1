package dev.holdfast.standalone.apply;

import dev.holdfast.standalone.apply.ManagedFields.Manager;
import dev.holdfast.standalone.schema.FieldType;
import java.util.TreeMap;

/**
 * How owners win and lose fields. After merge/update.go of structured-merge-diff, for one schema
 * (all versions of a kind share it here, as there are no conversions).
 *
 * @param type of the kind
 * @param apiVersion of the request
 * @param ignored fields that the resource resets, so nobody gets to own them through it
 * @param others whether that holds for owners in other versions too
 */
record Ownership(FieldType type, String apiVersion, FieldSet ignored, boolean others) {

  /** The manager gets what it changed, all others lose it. */
  void update(Part live, Part after, ManagedFields managed, Manager manager) {
    Comparison all = Comparison.of(live, after);
    settle(all, managed, manager, true);
    FieldSet fields =
        managed.fieldsOf(manager).difference(all.removed()).union(all.changed()).without(ignored);
    managed.set(manager, fields, apiVersion);
  }

  /**
   * Merges a configuration; what the manager applied before and does not any more is removed,
   * unless somebody else owns it.
   *
   * @throws ApplyConflictException unless {@code force}
   * @throws InvalidConfigurationException if the result can't be read in the version of an owner
   */
  Part apply(Part live, Part configuration, ManagedFields managed, Manager manager, boolean force) {
    // For owners in other versions the real server reads an object again, in their version.
    boolean readAgain =
        managed.entries().values().stream().anyMatch(it -> !it.apiVersion().equals(apiVersion));
    Part merged = live.merge(configuration);
    FieldSet last = managed.fieldsOf(manager);
    FieldSet fields = configuration.fields().without(ignored);
    managed.set(manager, fields, apiVersion);
    Part result = last.isEmpty() ? merged : prune(merged, managed, last, readAgain);
    requireReadable(result, readAgain);
    settle(Comparison.of(live, result), managed, manager, force);
    return result;
  }

  private void settle(Comparison all, ManagedFields managed, Manager manager, boolean force) {
    Comparison own = all.without(ignored);
    TreeMap<Manager, FieldSet> conflicts = new TreeMap<>();
    managed
        .entries()
        .forEach(
            (other, owned) -> {
              if (!other.equals(manager)) {
                Comparison seen = others || owned.apiVersion().equals(apiVersion) ? own : all;
                FieldSet lost = owned.fields().intersection(seen.changed());
                if (!lost.isEmpty()) {
                  conflicts.put(other, lost);
                }
                FieldSet left = owned.fields().difference(lost).difference(seen.removed());
                managed.set(other, left, owned.apiVersion());
              }
            });
    if (!force && !conflicts.isEmpty()) {
      throw new ApplyConflictException(conflicts);
    }
  }

  private void requireReadable(Part object, boolean readAgain) {
    if (readAgain) {
      Cutter.cutApplied(type, object.value());
    }
  }

  private Part prune(Part merged, ManagedFields managed, FieldSet last, boolean readAgain) {
    FieldSet lastNamed = last.withNamed(merged);
    FieldSet all = merged.namedFields();
    Part pruned = merged.without(lastNamed);

    // Give back what others, or the new configuration, own.
    FieldSet owned = managed.all().withNamed(merged);
    pruned = merged.without(all.difference(pruned.namedFields().union(owned)));
    requireReadable(pruned, readAgain);

    // Give back what the manager never owned but lost along with a container.
    return merged.without(all.difference(pruned.namedFields()).intersection(lastNamed));
  }
}
