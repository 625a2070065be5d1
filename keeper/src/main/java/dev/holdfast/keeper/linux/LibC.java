package dev.holdfast.keeper.linux;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import org.jspecify.annotations.Nullable;

/**
 * The libc functions in use, under their C names. Those that return a descriptor, a count or a
 * status set errno on -1; the posix_spawn family returns the error number instead.
 */
final class LibC {
  static {
    Native.register(LibC.class, "c");
  }

  private LibC() {}

  static native int open(String path, int flags, int mode);

  static native int close(int descriptor);

  static native long read(int descriptor, byte[] buffer, long count);

  static native long write(int descriptor, byte[] buffer, long count);

  static native long pread(int descriptor, Pointer buffer, long count, long offset);

  static native long pwrite(int descriptor, Pointer buffer, long count, long offset);

  static native int ftruncate(int descriptor, long length);

  static native int fsync(int descriptor);

  static native int memfd_create(String name, int flags);

  static native int pipe2(int[] descriptors, int flags);

  static native int eventfd(int initialValue, int flags);

  static native int poll(Pointer entries, long count, int timeoutMillis);

  static native int fcntl(int descriptor, int command, long argument);

  static native int fcntl(int descriptor, int command, Pointer argument);

  static native int waitpid(int pid, int[] status, int options);

  static native long syscall(long number, long first, long second, long third, long fourth);

  static native int sigaction(int signal, @Nullable Pointer action, @Nullable Pointer old);

  static native int pthread_sigmask(int how, Pointer set, @Nullable Pointer old);

  static native int execve(String path, Pointer arguments, Pointer environment);

  static native int alarm(int seconds);

  static native int timer_create(int clock, Pointer event, Pointer timer);

  static native int timer_settime(Pointer timer, int flags, Pointer value, @Nullable Pointer old);

  static native int timer_delete(Pointer timer);

  static native int clock_gettime(int clock, Pointer value);

  static native String strerror(int errorNumber);

  static native int sigemptyset(Pointer set);

  static native int sigfillset(Pointer set);

  static native int posix_spawn(
      int[] pid,
      String path,
      Pointer actions,
      Pointer attributes,
      Pointer arguments,
      Pointer environment);

  static native int posix_spawn_file_actions_init(Pointer actions);

  static native int posix_spawn_file_actions_destroy(Pointer actions);

  static native int posix_spawn_file_actions_addopen(
      Pointer actions, int descriptor, String path, int flags, int mode);

  static native int posix_spawn_file_actions_adddup2(
      Pointer actions, int descriptor, int newDescriptor);

  static native int posix_spawn_file_actions_addclosefrom_np(Pointer actions, int from);

  static native int posix_spawnattr_init(Pointer attributes);

  static native int posix_spawnattr_destroy(Pointer attributes);

  static native int posix_spawnattr_setflags(Pointer attributes, short flags);

  static native int posix_spawnattr_setsigmask(Pointer attributes, Pointer set);

  static native int posix_spawnattr_setsigdefault(Pointer attributes, Pointer set);
}
