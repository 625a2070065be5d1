package dev.holdfast.node.host.network;

import dev.holdfast.node.host.HostException;
import dev.holdfast.node.plan.HostState.BridgeDefinition;
import dev.holdfast.node.plan.HostState.Reservation;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * The DHCP and DNS server of one network. It puts itself into the background, so it outlives the
 * agent, and is known again by its command line.
 */
final class Dnsmasq {
  private static final long STOP_MILLIS = 3_000;
  private static final long POLL_MILLIS = 5;

  private final HostTools tools;
  private final Signals signals;
  private final DnsmasqUser user;
  private final DnsmasqFiles files;

  Dnsmasq(HostTools tools, Signals signals, DnsmasqUser user, DnsmasqFiles files) {
    this.tools = tools;
    this.signals = signals;
    this.user = user;
    this.files = files;
  }

  /** Whether it runs with the configuration of that network and knows its reservations. */
  boolean serves(BridgeDefinition bridge) throws IOException {
    Path configuration = files.configuration(files.configurationOf(bridge, user));
    return !Files.exists(files.reloadPending())
        && files.readReservations().equals(bridge.reservations())
        && recordedProcess().filter(p -> runsWith(p, configuration.toString())).isPresent();
  }

  /** Starts it, or makes a running one read changed reservations, which interrupts nobody. */
  void ensure(BridgeDefinition bridge) throws HostException, IOException {
    files.make();
    String content = files.configurationOf(bridge, user);
    Path configuration = files.configuration(content);
    Optional<ProcessHandle> running = find();
    boolean current =
        running.isPresent()
            && runsWith(running.get(), configuration.toString())
            && recordedProcess().isPresent()
            && !files.hasLeasesAgainst(bridge.reservations());
    if (current) {
      reload(running.get(), bridge.reservations());
      return;
    }
    stop();
    files.writeConfiguration(content);
    files.writeReservations(bridge.reservations());
    files.dropLeasesAgainst(bridge.reservations());
    tools.command("dnsmasq", "--conf-file=" + configuration).run();
    Files.deleteIfExists(files.reloadPending());
  }

  private void reload(ProcessHandle process, Set<Reservation> reservations) throws IOException {
    boolean pending = Files.exists(files.reloadPending());
    if (!pending && files.readReservations().equals(reservations)) {
      return;
    }
    if (!pending) {
      Files.createFile(files.reloadPending());
    }
    files.writeReservations(reservations);
    if (signals.hangUp(process.pid())) {
      Files.delete(files.reloadPending());
    }
  }

  /** Ends every dnsmasq of this network and returns when it is gone. */
  void stop() throws HostException {
    for (Optional<ProcessHandle> found = find(); found.isPresent(); found = find()) {
      ProcessHandle process = found.get();
      process.destroy();
      if (!awaitEnd(process)) {
        process.destroyForcibly();
        if (!awaitEnd(process)) {
          throw new HostException(
              "DnsmasqStuck",
              "dnsmasq with process id " + process.pid() + " does not end, not even by SIGKILL");
        }
      }
    }
  }

  /** Polls, because Java reports the end of a process that is no child only after a second. */
  private boolean awaitEnd(ProcessHandle process) throws HostException {
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(STOP_MILLIS);
    while (process.isAlive() && !isZombie(process)) {
      if (System.nanoTime() > end) {
        return false;
      }
      try {
        Thread.sleep(POLL_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new HostException("Interrupted", "Interrupted while dnsmasq was ending", e);
      }
    }
    return true;
  }

  /**
   * Whether it has ended and only waits to be reaped. Its arguments are gone before that, while its
   * sockets may still be open, so they tell too early. The state is the field after the name in
   * parentheses, proc(5).
   */
  private static boolean isZombie(ProcessHandle process) {
    try {
      String stat = Files.readString(Path.of("/proc", Long.toString(process.pid()), "stat"));
      return stat.startsWith("Z", stat.lastIndexOf(')') + 2);
    } catch (IOException e) {
      // It has been reaped.
      return true;
    }
  }

  /** Also one whose pid file is lost. */
  private Optional<ProcessHandle> find() {
    return recordedProcess()
        .or(() -> ProcessHandle.allProcesses().filter(this::isOurs).findFirst());
  }

  private Optional<ProcessHandle> recordedProcess() {
    try {
      String text = Files.readString(files.processId()).strip();
      return ProcessHandle.of(Long.parseLong(text)).filter(this::isOurs);
    } catch (IOException | NumberFormatException e) {
      return Optional.empty();
    }
  }

  private boolean isOurs(ProcessHandle process) {
    return runsWith(process, files.directory() + "/");
  }

  /** The process id may be another's by now; proc(5): arguments end with a null byte. */
  private static boolean runsWith(ProcessHandle process, String configuration) {
    try {
      Path commandLine = Path.of("/proc", Long.toString(process.pid()), "cmdline");
      return new String(Files.readAllBytes(commandLine), StandardCharsets.UTF_8)
          .contains("dnsmasq\0--conf-file=" + configuration);
    } catch (IOException e) {
      // It has ended.
      return false;
    }
  }
}
