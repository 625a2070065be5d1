package dev.holdfast.standalone.apply;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.mapping;

import java.util.LinkedHashMap;
import java.util.List;

/** A server-side apply that would change fields owned by other managers: HTTP 409, Conflict. */
public final class ApplyConflictException extends RuntimeException {
  private final transient List<Conflict> conflicts;

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

  ApplyConflictException(List<Conflict> conflicts) {
    super(text(conflicts));
    this.conflicts = conflicts;
  }

  /** One per field and owner, in the order of {@code details.causes}. */
  public List<Conflict> conflicts() {
    return conflicts;
  }

  private static String text(List<Conflict> conflicts) {
    if (conflicts.size() == 1) {
      Conflict only = conflicts.getFirst();
      return "Apply failed with 1 conflict: " + only.message() + ": " + only.field();
    }
    return conflicts.stream()
        .collect(
            groupingBy(
                Conflict::manager, LinkedHashMap::new, mapping(Conflict::field, joining("\n- "))))
        .entrySet()
        .stream()
        .map(owner -> "conflicts with " + owner.getKey() + ":\n- " + owner.getValue())
        .collect(joining("\n", "Apply failed with " + conflicts.size() + " conflicts: ", ""));
  }
}
