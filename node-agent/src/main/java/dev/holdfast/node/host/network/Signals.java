package dev.holdfast.node.host.network;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;

/** Signals that Java's process API cannot send, by kill(2). */
final class Signals {
  private static final int SIGHUP = 1;

  private final MethodHandle kill;

  @SuppressWarnings("restricted")
  Signals() {
    Linker linker = Linker.nativeLinker();
    this.kill =
        linker.downcallHandle(
            linker.defaultLookup().findOrThrow("kill"),
            FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
  }

  /** Whether the signal was delivered; false where there is no such process any more. */
  boolean hangUp(long processId) {
    try {
      return (int) kill.invokeExact(Math.toIntExact(processId), SIGHUP) == 0;
    } catch (Throwable e) {
      throw new IllegalStateException("kill(2) cannot be called", e);
    }
  }
}
