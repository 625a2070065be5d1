package dev.holdfast.keeper.protocol;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.Objects;

/** What the keeper tells all its clients unasked. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({@JsonSubTypes.Type(value = Event.Exited.class, name = "exited")})
public sealed interface Event {
  /**
   * A process has ended. It may overtake the reply to the request that launched it.
   *
   * @param process with its exit present
   */
  record Exited(ProcessState process) implements Event {
    public Exited {
      Objects.requireNonNull(process, "process is missing");
      Objects.requireNonNull(process.exit(), "process.exit is missing");
    }
  }
}
