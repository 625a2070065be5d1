package dev.holdfast.node.host.qemu;

import dev.holdfast.node.host.HostException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What there is of machines on this host, read afresh.
 *
 * @param processes that the keeper knows, and those that an earlier keeper has left; by UUID
 * @param directories UUIDs of the runtime directories
 */
record HostSurvey(Map<String, QemuProcesses.Known> processes, Set<String> directories) {
  private static final Logger LOG = LoggerFactory.getLogger(HostSurvey.class);

  /**
   * Reads it, and has the keeper take over processes that an earlier one has left.
   *
   * @param root of the runtime directories
   * @param launching UUIDs whose processes are just coming about, which are left alone
   */
  static HostSurvey make(Path root, QemuProcesses processes, Set<String> launching)
      throws HostException {
    Map<String, QemuProcesses.Known> found = new HashMap<>();
    for (QemuProcesses.Known process : processes.list()) {
      found.put(process.uuid(), process);
    }
    Set<String> directories = directories(root);
    for (String uuid : directories) {
      if (!found.containsKey(uuid) && !launching.contains(uuid)) {
        adopt(new MachineFiles(root, uuid), processes, found);
      }
    }
    return new HostSurvey(found, directories);
  }

  private static Set<String> directories(Path root) throws HostException {
    if (!Files.isDirectory(root)) {
      return Set.of();
    }
    try (Stream<Path> entries = Files.list(root)) {
      return entries
          .map(entry -> entry.getFileName().toString())
          .filter(MachineFiles::isUuid)
          .collect(Collectors.toSet());
    } catch (IOException failed) {
      throw new HostException(
          "RuntimeDirectoryFailed", "cannot read " + root + ": " + failed, failed);
    }
  }

  private static void adopt(
      MachineFiles files, QemuProcesses processes, Map<String, QemuProcesses.Known> found)
      throws HostException {
    OptionalLong claimed = files.claimedProcessId();
    if (claimed.isEmpty()) {
      return;
    }
    processes
        .adopt(files.uuid(), claimed.getAsLong(), files.pidFile(), files.qemuLog())
        .ifPresent(
            adopted -> {
              LOG.info("machine {} adopted with process {}", files.uuid(), adopted.processId());
              found.put(files.uuid(), adopted);
            });
  }
}
