package dev.holdfast.keeper.sanlock.model;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/**
 * Blocking code that is put aside and taken up again on one and the same thread: what virtual
 * threads are made of. They themselves would need a scheduler of ours to be deterministic, and
 * handing a baton between threads takes a hundred times as long. The class is the JDK's own, so the
 * tests' JVM opens it ({@code --add-exports java.base/jdk.internal.vm=ALL-UNNAMED}).
 */
final class Coroutine {
  private static final MethodHandle NEW_SCOPE;
  private static final MethodHandle NEW_CONTINUATION;
  private static final MethodHandle RUN;
  private static final MethodHandle YIELD;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      Class<?> scope = Class.forName("jdk.internal.vm.ContinuationScope");
      Class<?> continuation = Class.forName("jdk.internal.vm.Continuation");
      NEW_SCOPE =
          lookup
              .findConstructor(scope, MethodType.methodType(void.class, String.class))
              .asType(MethodType.methodType(Object.class, String.class));
      NEW_CONTINUATION =
          lookup
              .findConstructor(
                  continuation, MethodType.methodType(void.class, scope, Runnable.class))
              .asType(MethodType.methodType(Object.class, Object.class, Runnable.class));
      RUN =
          lookup
              .findVirtual(continuation, "run", MethodType.methodType(void.class))
              .asType(MethodType.methodType(void.class, Object.class));
      YIELD =
          lookup
              .findStatic(continuation, "yield", MethodType.methodType(boolean.class, scope))
              .asType(MethodType.methodType(boolean.class, Object.class));
    } catch (ReflectiveOperationException missing) {
      throw new LinkageError("this JDK has no continuations that tests may use", missing);
    }
  }

  private static final Object SCOPE = make();

  private final Object continuation;

  Coroutine(Runnable body) {
    try {
      this.continuation = (Object) NEW_CONTINUATION.invokeExact(SCOPE, body);
    } catch (Throwable impossible) {
      throw new LinkageError("no continuation", impossible);
    }
  }

  private static Object make() {
    try {
      return (Object) NEW_SCOPE.invokeExact("model");
    } catch (Throwable impossible) {
      throw new LinkageError("no scope", impossible);
    }
  }

  /** Goes on until the body suspends itself or ends; what it throws comes out here. */
  void resume() {
    try {
      RUN.invokeExact(continuation);
    } catch (RuntimeException | Error failure) {
      throw failure;
    } catch (Throwable impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /** Puts the calling body aside. */
  static void suspend() {
    try {
      boolean done = (boolean) YIELD.invokeExact(SCOPE);
      if (!done) {
        throw new IllegalStateException("suspended while pinned");
      }
    } catch (RuntimeException | Error failure) {
      throw failure;
    } catch (Throwable impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
