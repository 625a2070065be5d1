package dev.holdfast.standalone.apply;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** A server-side apply that would change fields owned by other managers: HTTP 409, Conflict. */
public final class ApplyConflictException extends RuntimeException {
  private final transient List<Conflict> conflicts;
  private final transient Map<ManagedFields.Manager, FieldSet> fields;

  /**
   * One field that another manager owns.
   *
   * @param manager the owner as shown to users: {@code "m6" using holdfast.dev/v1alpha1}
   * @param field path in the notation of field ownership: {@code .spec.disks[name="d1"].sizeGiB}
   */
  public record Conflict(String manager, String field) {
    /** The text of {@code details.causes[].message}; the reason is FieldManagerConflict. */
    public String message() {
      return "conflict with " + manager;
    }
  }

  ApplyConflictException(Map<ManagedFields.Manager, FieldSet> fields) {
    super(text(conflicts(fields)));
    this.fields = new TreeMap<>(fields);
    this.conflicts = conflicts(fields);
  }

  /** One per field and owner, in the order of {@code details.causes}. */
  public List<Conflict> conflicts() {
    return conflicts;
  }

  Map<ManagedFields.Manager, FieldSet> fields() {
    return fields;
  }

  private static List<Conflict> conflicts(Map<ManagedFields.Manager, FieldSet> fields) {
    List<Conflict> result = new ArrayList<>();
    new TreeMap<>(fields)
        .forEach(
            (manager, set) ->
                set.forEach(
                    path ->
                        result.add(
                            new Conflict(
                                manager.description(),
                                path.stream()
                                    .map(Object::toString)
                                    .collect(Collectors.joining())))));
    return List.copyOf(result);
  }

  private static String text(List<Conflict> conflicts) {
    if (conflicts.size() == 1) {
      Conflict only = conflicts.getFirst();
      return "Apply failed with 1 conflict: " + only.message() + ": " + only.field();
    }
    StringBuilder text =
        new StringBuilder("Apply failed with " + conflicts.size() + " conflicts: ");
    String manager = "";
    String separator = "";
    for (Conflict conflict : conflicts) {
      if (!conflict.manager().equals(manager)) {
        manager = conflict.manager();
        text.append(separator).append("conflicts with ").append(manager).append(':');
      }
      text.append("\n- ").append(conflict.field());
      separator = "\n";
    }
    return text.toString();
  }
}
