package dev.holdfast.keeper.protocol;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

/** How a process ended, as far as waitpid(2) told. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
  @JsonSubTypes.Type(value = ExitCause.Code.class, name = "code"),
  @JsonSubTypes.Type(value = ExitCause.Killed.class, name = "killed"),
  @JsonSubTypes.Type(value = ExitCause.Unknown.class, name = "unknown")
})
public sealed interface ExitCause {
  /**
   * It ended by itself.
   *
   * @param code 0 to 255
   */
  record Code(int code) implements ExitCause {}

  /**
   * A signal ended it.
   *
   * @param signal number of the signal that ended it, see signal(7)
   */
  record Killed(int signal) implements ExitCause {}

  /** An adopted process: only its parent could know. */
  record Unknown() implements ExitCause {}
}
