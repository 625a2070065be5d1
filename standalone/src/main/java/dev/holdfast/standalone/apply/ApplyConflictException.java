package dev.holdfast.standalone.apply;

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

  ApplyConflictException(String message, List<Conflict> conflicts) {
    super(message);
    this.conflicts = List.copyOf(conflicts);
  }

  /** One per field and owner, in the order of {@code details.causes}. */
  public List<Conflict> conflicts() {
    return conflicts;
  }
}
