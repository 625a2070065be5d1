package dev.holdfast.keeper.handover;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.holdfast.keeper.linux.Descriptor;
import dev.holdfast.keeper.linux.Execution;
import dev.holdfast.keeper.protocol.ProtocolJson;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * All that a keeper knows, for its successor in the same process: it goes on as if nothing had
 * happened. It is JSON in a memory file, whose descriptor's number is in the environment.
 *
 * @param version {@link #VERSION}; a successor that knows it not must not begin
 * @param lock descriptor of the lock that says that a keeper lives
 */
public record Handover(
    int version,
    int lock,
    List<HandedProcess> processes,
    List<HandedLock> locks,
    List<HandedLockspace> lockspaces) {
  /** Changes when an older program would misunderstand. */
  public static final int VERSION = 1;

  private static final String VARIABLE = "HOLDFAST_KEEPER_HANDOVER";

  public Handover {
    processes = List.copyOf(processes);
    locks = List.copyOf(locks);
    lockspaces = List.copyOf(lockspaces);
  }

  /**
   * Leaves this to the next program.
   *
   * @return the environment variable that it needs, as {@code NAME=value}
   */
  public String leave(ProtocolJson json) throws IOException {
    Descriptor memory = Execution.memoryFile("keeper-handover", json.writeOther(this));
    return VARIABLE + "=" + memory.keepAcrossExec();
  }

  /** Whether an environment variable is of an earlier handover. */
  public static boolean isVariable(String variable) {
    return variable.startsWith(VARIABLE + "=");
  }

  /**
   * What an earlier program has left; empty where there was none.
   *
   * @throws IOException if it cannot be understood: its machines must not be taken for nobody's
   */
  public static Optional<Handover> find(ProtocolJson json) throws IOException {
    String number = System.getenv(VARIABLE);
    if (number == null) {
      return Optional.empty();
    }
    try (Descriptor memory = Descriptor.inherited(Integer.parseInt(number))) {
      Handover handover = json.readOther(Execution.contents(memory), Handover.class);
      if (handover.version != VERSION) {
        throw new IOException(
            "the keeper before this one speaks version "
                + handover.version
                + " of the handover, and this one only "
                + VERSION);
      }
      return Optional.of(handover);
    } catch (JsonProcessingException | NumberFormatException unreadable) {
      throw new IOException("what the keeper before this one has left is unreadable", unreadable);
    }
  }
}
