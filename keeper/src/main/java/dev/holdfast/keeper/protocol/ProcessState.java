package dev.holdfast.keeper.protocol;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.time.Instant;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What the keeper knows of one process.
 *
 * @param machineId the machine it runs, one live process each
 * @param pid process id in the keeper's pid namespace; may mean another process once {@code exit}
 *     is present
 * @param since when it was launched or adopted
 * @param exit its end; absent while it lives
 */
public record ProcessState(
    UUID machineId, int pid, Tie tie, Origin origin, Instant since, @Nullable ProcessExit exit) {
  public ProcessState {
    Objects.requireNonNull(machineId, "machineId is missing");
    Objects.requireNonNull(tie, "tie is missing");
    Objects.requireNonNull(origin, "origin is missing");
    Objects.requireNonNull(since, "since is missing");
  }

  @JsonIgnore
  public boolean isRunning() {
    return exit == null;
  }
}
