package dev.holdfast.keeper.linux;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import com.sun.jna.StringArray;
import java.io.IOException;
import java.util.List;

/**
 * posix_spawn(3) of glibc 2.34 or newer. {@link ProcessBuilder} is not enough: it costs a thread
 * per child to learn its end, can hand down no descriptor but 0 to 2 (a locked one has to be, for
 * leases by open file description), and leaves the child in the keeper's session, where a Ctrl-C
 * would reach it.
 */
public final class PosixSpawn {
  /** Programs open files under the lowest free number, so that they leave those in use alone. */
  private static final int FIRST_INHERITED = 3;

  private static final short SETSIGDEF = 0x04;
  private static final short SETSIGMASK = 0x08;
  private static final short SETSID = 0x80;

  // glibc: posix_spawnattr_t has 336 bytes, posix_spawn_file_actions_t 80, sigset_t 128.
  private static final int OPAQUE_BYTES = 512;
  private static final int SIGNAL_SET_BYTES = 128;

  private PosixSpawn() {}

  /**
   * Starts a program in a session of its own: standard input /dev/null, both outputs into {@code
   * output}, the inherited descriptors from 3 on, no other descriptor, no signal blocked or
   * ignored. The calling thread is the child's parent in the sense of PR_SET_PDEATHSIG (prctl(2)).
   * Returns once the program has been executed.
   *
   * @param inherited of locks, whose numbers are {@link OfdLock#LOWEST_NUMBER} or more, so that
   *     none is overwritten while the others are put in their places
   * @return the child's pid, to be reaped by {@link ChildExit}
   */
  public static int start(
      List<String> command, List<String> environment, Descriptor output, List<Descriptor> inherited)
      throws IOException {
    if (inherited.size() > OfdLock.LOWEST_NUMBER - FIRST_INHERITED) {
      throw new IOException("too many descriptors to inherit: " + inherited.size());
    }
    String program = command.getFirst();
    int[] pid = new int[1];
    try (Memory actions = new Memory(OPAQUE_BYTES);
        Memory attributes = new Memory(OPAQUE_BYTES)) {
      check(LibC.posix_spawn_file_actions_init(actions), "posix_spawn_file_actions_init");
      check(LibC.posix_spawnattr_init(attributes), "posix_spawnattr_init");
      try {
        describeFiles(actions, output, inherited);
        describeSignals(attributes);
        check(
            LibC.posix_spawn(
                pid, program, actions, attributes, strings(command), strings(environment)),
            "posix_spawn " + program);
      } finally {
        check(LibC.posix_spawnattr_destroy(attributes), "posix_spawnattr_destroy");
        check(LibC.posix_spawn_file_actions_destroy(actions), "posix_spawn_file_actions_destroy");
      }
    }
    return pid[0];
  }

  private static void describeFiles(Pointer actions, Descriptor output, List<Descriptor> inherited)
      throws IOException {
    check(
        LibC.posix_spawn_file_actions_addopen(actions, 0, "/dev/null", 0, 0),
        "posix_spawn_file_actions_addopen");
    check(
        LibC.posix_spawn_file_actions_adddup2(actions, output.number(), 1),
        "posix_spawn_file_actions_adddup2");
    check(
        LibC.posix_spawn_file_actions_adddup2(actions, output.number(), 2),
        "posix_spawn_file_actions_adddup2");
    for (int index = 0; index < inherited.size(); index++) {
      check(
          LibC.posix_spawn_file_actions_adddup2(
              actions, inherited.get(index).number(), FIRST_INHERITED + index),
          "posix_spawn_file_actions_adddup2");
    }
    // The JVM opens some of its files without close-on-exec.
    check(
        LibC.posix_spawn_file_actions_addclosefrom_np(actions, FIRST_INHERITED + inherited.size()),
        "posix_spawn_file_actions_addclosefrom_np");
  }

  private static void describeSignals(Pointer attributes) throws IOException {
    try (Memory signals = new Memory(SIGNAL_SET_BYTES)) {
      // Threads of the JVM block SIGQUIT, which a child would inherit.
      check(LibC.sigemptyset(signals), "sigemptyset");
      check(LibC.posix_spawnattr_setsigmask(attributes, signals), "posix_spawnattr_setsigmask");
      check(LibC.sigfillset(signals), "sigfillset");
      check(
          LibC.posix_spawnattr_setsigdefault(attributes, signals), "posix_spawnattr_setsigdefault");
    }
    check(
        LibC.posix_spawnattr_setflags(attributes, (short) (SETSIGDEF | SETSIGMASK | SETSID)),
        "posix_spawnattr_setflags");
  }

  private static Pointer strings(List<String> values) {
    return new StringArray(values.toArray(new String[0]), "UTF-8");
  }

  private static void check(int error, String call) throws IOException {
    if (error != 0) {
      throw new LinuxException(call, error);
    }
  }
}
