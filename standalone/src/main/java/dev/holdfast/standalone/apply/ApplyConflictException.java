package dev.holdfast.standalone.apply;

import java.util.List;
import java.util.SortedMap;
import java.util.stream.Collectors;

/** A server-side apply that would change fields owned by other managers: HTTP 409, Conflict. */
public final class ApplyConflictException extends RuntimeException {
  private final transient SortedMap<String, FieldSet> fields;

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

  /**
   * @param fields by the owners as shown to users
   */
  ApplyConflictException(SortedMap<String, FieldSet> fields) {
    super(text(fields));
    this.fields = fields;
  }

  /** By the owners as shown to users. */
  SortedMap<String, FieldSet> fields() {
    return fields;
  }

  /** One per field and owner, in the order of {@code details.causes}. */
  public List<Conflict> conflicts() {
    return conflicts(fields);
  }

  private static List<Conflict> conflicts(SortedMap<String, FieldSet> fields) {
    return fields.entrySet().stream()
        .flatMap(
            entry ->
                entry.getValue().display().stream().map(path -> new Conflict(entry.getKey(), path)))
        .toList();
  }

  private static String text(SortedMap<String, FieldSet> fields) {
    List<Conflict> conflicts = conflicts(fields);
    if (conflicts.size() == 1) {
      Conflict only = conflicts.getFirst();
      return "Apply failed with 1 conflict: " + only.message() + ": " + only.field();
    }
    return fields.entrySet().stream()
        .map(
            entry ->
                "conflicts with %s:\n- %s"
                    .formatted(entry.getKey(), String.join("\n- ", entry.getValue().display())))
        .collect(
            Collectors.joining("\n", "Apply failed with " + conflicts.size() + " conflicts: ", ""));
  }
}
