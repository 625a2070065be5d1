package dev.holdfast.node.host.qemu.probe;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.holdfast.node.host.HostException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Remembers what a probe found, on disk, for as long as nothing has changed that it depends on: the
 * binary (path, size, times of change), the boot of the kernel, and /dev/kvm. The file may be
 * deleted at any time; one that cannot be read is as good as none.
 */
public final class CapabilityCache {
  /** How to find out what is not remembered. */
  @FunctionalInterface
  public interface Probe {
    QemuCapabilities probe() throws HostException;
  }

  /** Grows when a probe would find something else than before. */
  private static final String PROBE_VERSION = "1";

  private static final String FILE_NAME = "qemu-capabilities.json";

  private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

  private static final Logger LOG = LoggerFactory.getLogger(CapabilityCache.class);

  private static final ObjectMapper JSON = JsonMapper.builder().build();

  private final Path directory;
  private final Path binary;
  private final Probe probe;

  /**
   * Makes a cache of one binary.
   *
   * @param directory made when missing; writable by root only, for it is believed
   * @param binary absolute path of qemu-system-x86_64
   */
  public CapabilityCache(Path directory, Path binary, Probe probe) {
    this.directory = directory;
    this.binary = binary;
    this.probe = probe;
  }

  /** A cache in front of the real probes. */
  public static CapabilityCache of(Path directory, Path binary) {
    var accelerators = new AcceleratorProbe(binary, AcceleratorProbe.DEFAULT_TIMEOUT);
    return new CapabilityCache(directory, binary, new CapabilityProbe(binary, accelerators)::probe);
  }

  /** What is remembered. */
  record Entry(Map<String, String> conditions, QemuCapabilities capabilities) {}

  /**
   * What the binary can do on this host.
   *
   * @throws HostException when it is not remembered and cannot be found out
   */
  public QemuCapabilities capabilities() throws HostException {
    Map<String, String> conditions = conditions();
    Optional<Entry> remembered = read();
    if (remembered.isPresent() && remembered.get().conditions().equals(conditions)) {
      return remembered.get().capabilities();
    }
    QemuCapabilities found = probe.probe();
    write(new Entry(conditions, found));
    return found;
  }

  private Map<String, String> conditions() throws HostException {
    var conditions = new TreeMap<String, String>();
    conditions.put("probe", PROBE_VERSION);
    conditions.put("binary", binary.toString());
    conditions.put("kernel", System.getProperty("os.version", ""));
    try {
      conditions.put("binaryState", attributes(binary, "size,lastModifiedTime,ctime,ino"));
      conditions.put("boot", Files.readString(BOOT_ID).strip());
      conditions.put(
          "kvm",
          Files.exists(Unprivileged.KVM)
              ? attributes(Unprivileged.KVM, "rdev,mode,uid,gid,ctime")
              : "missing");
      return conditions;
    } catch (IOException failed) {
      throw new HostException(
          "QemuUnusable",
          "cannot look at " + binary + ": " + failed + ". Is qemu-system-x86 installed?",
          failed);
    }
  }

  private static String attributes(Path path, String names) throws IOException {
    return new TreeMap<>(Files.readAttributes(path, "unix:" + names, new LinkOption[0])).toString();
  }

  private Optional<Entry> read() {
    try {
      return Optional.of(JSON.readValue(directory.resolve(FILE_NAME).toFile(), Entry.class));
    } catch (IOException none) {
      return Optional.empty();
    }
  }

  private void write(Entry entry) {
    try {
      Files.createDirectories(directory);
      Path temporary = Files.createTempFile(directory, FILE_NAME, ".new");
      Files.write(temporary, JSON.writeValueAsBytes(entry));
      Path ignored =
          Files.move(
              temporary,
              directory.resolve(FILE_NAME),
              StandardCopyOption.REPLACE_EXISTING,
              StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException failed) {
      // Costs a probe at the next start, nothing else.
      LOG.warn("cannot remember QEMU's capabilities in {}: {}", directory, failed.toString());
    }
  }
}
