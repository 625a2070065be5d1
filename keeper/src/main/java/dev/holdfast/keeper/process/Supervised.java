package dev.holdfast.keeper.process;

import dev.holdfast.keeper.handover.HandedProcess;
import dev.holdfast.keeper.linux.ChildExit;
import dev.holdfast.keeper.linux.Descriptor;
import dev.holdfast.keeper.linux.DescriptorWatcher;
import dev.holdfast.keeper.linux.Pidfd;
import dev.holdfast.keeper.protocol.ExitCause;
import dev.holdfast.keeper.protocol.ProcessExit;
import dev.holdfast.keeper.protocol.ProcessSignal;
import dev.holdfast.keeper.protocol.ProcessState;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Clock;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A live process: its pidfd, and the pipe of its output where there is one. Ends by completing
 * {@link #ended()}.
 */
final class Supervised {
  private static final Logger log = System.getLogger(Supervised.class.getName());
  private static final int READ_BYTES = 8 * 1024;

  /** What is read at once of a talkative process before the others get their turn. */
  private static final int READS_PER_TURN = 8;

  private final ProcessState started;
  private final Pidfd pidfd;
  private final @Nullable Descriptor output;
  private final OutputLog outputLog;
  private final DescriptorWatcher watcher;
  private final Clock clock;
  private final CompletableFuture<ProcessExit> ended = new CompletableFuture<>();

  Supervised(
      ProcessState started,
      Pidfd pidfd,
      @Nullable Descriptor output,
      OutputLog outputLog,
      DescriptorWatcher watcher,
      Clock clock) {
    this.started = started;
    this.pidfd = pidfd;
    this.output = output;
    this.outputLog = outputLog;
    this.watcher = watcher;
    this.clock = clock;
  }

  /** Completed on the watcher's thread. */
  CompletableFuture<ProcessExit> ended() {
    return ended;
  }

  ProcessState state() {
    return new ProcessState(
        started.machineId(),
        started.pid(),
        started.tie(),
        started.origin(),
        started.since(),
        ended.getNow(null));
  }

  /** For the program that this process executes next. */
  HandedProcess handOver() throws IOException {
    Descriptor open = output;
    return new HandedProcess(
        state(), open == null || ended.isDone() ? null : open.keepAcrossExec(), outputLog.file());
  }

  void watch() {
    if (output != null) {
      watcher.watch(output, this::readOutput);
    }
    watcher.watch(pidfd.descriptor(), this::noticeEnd);
  }

  /** Returns false when the process has ended. */
  synchronized boolean signal(ProcessSignal signal) throws IOException {
    if (ended.isDone()) {
      return false;
    }
    try {
      pidfd.signal(signal.number());
      return true;
    } catch (dev.holdfast.keeper.linux.LinuxException failure) {
      if (failure.isNoSuchProcess()) {
        return false;
      }
      throw failure;
    }
  }

  private void readOutput() {
    Descriptor open = output;
    if (open == null || ended.isDone()) {
      return;
    }
    byte[] buffer = new byte[READ_BYTES];
    try {
      for (int turn = 0; turn < READS_PER_TURN; turn++) {
        int count = open.read(buffer);
        if (count == 0) {
          // Every writer has closed its end; the process may well live on.
          watcher.unwatch(open);
        }
        if (count <= 0) {
          return;
        }
        outputLog.append(buffer, count);
      }
    } catch (IOException failure) {
      log.log(Level.WARNING, "Output of machine {0} is lost: {1}", started.machineId(), failure);
      watcher.unwatch(open);
    }
  }

  private void noticeEnd() {
    if (ended.isDone()) {
      return;
    }
    Optional<ExitCause> cause = cause();
    if (cause.isEmpty()) {
      return;
    }
    // A pipe holds at most 64 KiB, which is what one turn reads. A descendant may hold its other
    // end for long, so the end of the stream is not waited for.
    readOutput();
    synchronized (this) {
      watcher.unwatch(pidfd.descriptor());
      pidfd.close();
      if (output != null) {
        watcher.unwatch(output);
        output.close();
      }
      outputLog.close();
      ended.complete(new ProcessExit(cause.get(), clock.instant(), outputLog.tail()));
    }
  }

  private Optional<ExitCause> cause() {
    try {
      return switch (started.origin()) {
        case LAUNCHED -> ChildExit.reap(started.pid()).map(Supervised::translate);
        case ADOPTED -> pidfd.hasExited() ? Optional.of(new ExitCause.Unknown()) : Optional.empty();
      };
    } catch (IOException failure) {
      log.log(
          Level.ERROR, "How machine {0} ended cannot be known: {1}", started.machineId(), failure);
      return Optional.of(new ExitCause.Unknown());
    }
  }

  private static ExitCause translate(ChildExit exit) {
    return switch (exit) {
      case ChildExit.Code(int code) -> new ExitCause.Code(code);
      case ChildExit.Killed(int signal) -> new ExitCause.Killed(signal);
    };
  }
}
