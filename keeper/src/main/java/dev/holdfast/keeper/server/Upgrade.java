package dev.holdfast.keeper.server;

import dev.holdfast.keeper.handover.HandedLock;
import dev.holdfast.keeper.handover.HandedLockspace;
import dev.holdfast.keeper.handover.HandedProcess;
import dev.holdfast.keeper.handover.Handover;
import dev.holdfast.keeper.linux.KillTimer;
import dev.holdfast.keeper.linux.OfdLock;
import dev.holdfast.keeper.process.KeeperRefusal;
import dev.holdfast.keeper.process.ProcessTable;
import dev.holdfast.keeper.protocol.FailureCode;
import dev.holdfast.keeper.protocol.ProtocolJson;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Replaces the keeper's program while its machines run on: everything stands still, the process
 * executes the new program, and that goes on with what it finds. Until it has armed the dead-man
 * timer again, alarm(2) takes its place.
 */
final class Upgrade {
  private static final Logger log = System.getLogger(Upgrade.class.getName());
  private static final Duration REQUESTS_LIMIT = Duration.ofSeconds(10);
  private static final Duration BETWEEN_ATTEMPTS = Duration.ofSeconds(1);
  private static final Duration CHECK_LIMIT = Duration.ofSeconds(20);

  private final ProcessTable processes;
  private final Leases leases;
  private final OfdLock lock;
  private final Step pause;
  private final Step resume;
  private final ProtocolJson json = new ProtocolJson();

  /** Requests share it; an upgrade has it alone and, if it succeeds, never lets go of it. */
  private final ReentrantReadWriteLock requests = new ReentrantReadWriteLock();

  /** Between {@link #prepare} and {@link #execute}. Guarded by the write lock. */
  private @Nullable Prepared prepared;

  private record Prepared(
      List<String> command, List<String> environment, List<Integer> descriptors) {}

  /** Something that may fail. */
  interface Step {
    void run() throws IOException;
  }

  /**
   * @param pause ends all connections and takes no more
   * @param resume takes connections again
   */
  Upgrade(ProcessTable processes, Leases leases, OfdLock lock, Step pause, Step resume) {
    this.processes = processes;
    this.leases = leases;
    this.lock = lock;
    this.pause = pause;
    this.resume = resume;
  }

  /** A request begins; it waits while an upgrade is under way. */
  void begin() {
    requests.readLock().lock();
  }

  void end() {
    requests.readLock().unlock();
  }

  /**
   * Everything that can go wrong: checks the program, has all stand still, writes down what there
   * is. {@link #execute} must follow, by the same thread.
   *
   * @param asked the new program; empty for the one that runs
   */
  void prepare(List<String> asked) throws KeeperRefusal {
    if (!processes.canExecute()) {
      throw refusal("the first thread of its process is not at hand, so machines would be killed");
    }
    try {
      List<String> command = asked.isEmpty() ? ownCommand() : asked;
      check(command);
      if (!requests.writeLock().tryLock(REQUESTS_LIMIT.toSeconds(), TimeUnit.SECONDS)) {
        throw refusal("other requests are still being answered; try again later");
      }
      boolean done = false;
      try {
        prepared = standStill(command);
        done = true;
      } finally {
        if (!done) {
          goOn();
        }
      }
    } catch (IOException failure) {
      throw refusal(String.valueOf(failure.getMessage()));
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw refusal("it is ending");
    }
  }

  private static KeeperRefusal refusal(String why) {
    return new KeeperRefusal(FailureCode.INTERNAL, "the keeper is not upgraded: " + why);
  }

  private static List<String> ownCommand() throws IOException {
    byte[] bytes = Files.readAllBytes(Path.of("/proc/self/cmdline"));
    var command = new ArrayList<>(List.of(new String(bytes, StandardCharsets.UTF_8).split("\0")));
    if (!command.getFirst().startsWith("/")) {
      command.set(0, Files.readSymbolicLink(Path.of("/proc/self/exe")).toString());
    }
    return command;
  }

  /** A program that does not start must not be found out after the old one is gone. */
  private static void check(List<String> command) throws IOException, InterruptedException {
    List<String> question =
        Stream.concat(command.stream(), Stream.of("--check-handover=" + Handover.VERSION)).toList();
    Path output = Files.createTempFile("holdfast-keeper-check", ".log");
    try {
      Process process =
          new ProcessBuilder(question)
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      if (!process.waitFor(CHECK_LIMIT.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new IOException(
            "the new program did not answer within " + CHECK_LIMIT.toSeconds() + " s");
      }
      if (process.exitValue() != 0) {
        throw new IOException(
            "the new program does not start, or cannot follow this one: exit code "
                + process.exitValue()
                + " "
                + Files.readString(output).strip());
      }
    } finally {
      Files.deleteIfExists(output);
    }
  }

  private Prepared standStill(List<String> command) throws IOException {
    List<HandedLockspace> lockspaces = leases.handover().standStill();
    List<HandedLock> locks = leases.ofd().handOver();
    List<HandedProcess> handed = processes.handOver();
    int lockDescriptor = lock.descriptor().keepAcrossExec();
    var handover = new Handover(Handover.VERSION, lockDescriptor, handed, locks, lockspaces);
    String variable = handover.leave(json);
    var environment = new ArrayList<String>();
    System.getenv().forEach((name, value) -> environment.add(name + "=" + value));
    environment.removeIf(Handover::isVariable);
    environment.add(variable);
    var descriptors = new ArrayList<Integer>();
    descriptors.add(lockDescriptor);
    descriptors.add(Integer.parseInt(variable.substring(variable.indexOf('=') + 1)));
    locks.forEach(each -> descriptors.add(each.descriptor()));
    Stream.concat(
            handed.stream().map(HandedProcess::output),
            lockspaces.stream().map(HandedLockspace::guard))
        .filter(Objects::nonNull)
        .forEach(descriptors::add);
    return new Prepared(command, environment, descriptors);
  }

  /** Executes the new program. Returns only if that has failed, and everything goes on. */
  void execute() {
    Prepared ready = Objects.requireNonNull(prepared);
    try {
      log.log(Level.INFO, "The keeper executes {0}", String.join(" ", ready.command()));
      pause.run();
      processes.execute(ready.command(), ready.environment(), ready.descriptors(), secondsToLive());
    } catch (IOException failure) {
      log.log(Level.ERROR, "The keeper was not upgraded: {0}", failure.getMessage());
    } finally {
      goOn();
      listenAgain();
    }
  }

  /** Leases are renewed and machines live meanwhile, so there is no reason to give up. */
  private void listenAgain() {
    boolean listening = false;
    while (!listening && !Thread.currentThread().isInterrupted()) {
      try {
        resume.run();
        listening = true;
      } catch (IOException failure) {
        log.log(Level.ERROR, "The keeper cannot listen again yet: {0}", failure.getMessage());
        try {
          Thread.sleep(BETWEEN_ATTEMPTS);
        } catch (InterruptedException interrupted) {
          Thread.currentThread().interrupt();
        }
      }
    }
  }

  /** As long as the dead-man timer would let this program live, in whole seconds. */
  private int secondsToLive() throws IOException {
    Optional<Duration> deadline = leases.deadMan().earliest();
    return deadline.isEmpty()
        ? 0
        : (int) Math.max(1, deadline.get().minus(KillTimer.now()).toSeconds());
  }

  private void goOn() {
    prepared = null;
    leases.handover().goOn();
    requests.writeLock().unlock();
  }
}
