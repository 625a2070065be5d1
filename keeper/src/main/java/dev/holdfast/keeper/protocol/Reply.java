package dev.holdfast.keeper.protocol;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.List;
import java.util.Objects;

/** The keeper's answer to one request. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
  @JsonSubTypes.Type(value = Reply.Welcome.class, name = "welcome"),
  @JsonSubTypes.Type(value = Reply.OneProcess.class, name = "process"),
  @JsonSubTypes.Type(value = Reply.Processes.class, name = "processes"),
  @JsonSubTypes.Type(value = Reply.Done.class, name = "done"),
  @JsonSubTypes.Type(value = Reply.Failure.class, name = "failure")
})
public sealed interface Reply {
  /**
   * The keeper speaks with this client.
   *
   * @param version protocol version spoken from here on: the lower of the two sides' highest
   * @param pid the keeper's process id
   */
  record Welcome(int version, long pid) implements Reply {}

  /** The process that was launched or adopted. It may have ended in the meantime. */
  record OneProcess(ProcessState process) implements Reply {
    public OneProcess {
      Objects.requireNonNull(process, "process is missing");
    }
  }

  /**
   * Every live process, and those that ended and were neither forgotten nor launched again (the
   * newest 1024 of them).
   */
  record Processes(List<ProcessState> processes) implements Reply {
    public Processes {
      processes = List.copyOf(processes);
    }
  }

  record Done() implements Reply {}

  /**
   * The request was not done.
   *
   * @param message where, why and what to do, for a human
   */
  record Failure(FailureCode code, String message) implements Reply {
    public Failure {
      Objects.requireNonNull(code, "code is missing");
      Objects.requireNonNull(message, "message is missing");
    }
  }
}
