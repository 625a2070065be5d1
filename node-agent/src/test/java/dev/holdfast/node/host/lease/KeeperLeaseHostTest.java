package dev.holdfast.node.host.lease;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.holdfast.keeper.client.KeeperClient;
import dev.holdfast.keeper.client.KeeperLauncher;
import dev.holdfast.node.host.HostException;
import dev.holdfast.node.host.LeaseHost;
import dev.holdfast.node.host.LeaseHostContract;
import dev.holdfast.node.host.keeper.KeeperLink;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** With a real keeper for each host and leases in a real directory. */
class KeeperLeaseHostTest extends LeaseHostContract {
  @TempDir private Path directory;
  private final Map<String, KeeperLink> keepers = new HashMap<>();
  private final Map<String, LeaseHost> hosts = new HashMap<>();

  @BeforeEach
  void requireRoot() {
    assumeTrue("root".equals(System.getProperty("user.name")), "a keeper needs root");
  }

  @AfterEach
  void endKeepers() throws HostException {
    for (KeeperLink keeper : keepers.values()) {
      long processId = keeper.client().keeperPid();
      keeper.close();
      ProcessHandle.of(processId).ifPresent(ProcessHandle::destroy);
    }
  }

  private LeaseHost host(String name) throws HostException {
    if (!hosts.containsKey(name)) {
      // What a keeper leaves for its successor lies beside its socket.
      Path socket = makeDirectory(name).resolve("keeper.sock");
      KeeperLauncher launcher =
          new KeeperLauncher(
              Path.of(System.getProperty("java.home")),
              System.getProperty("java.class.path"),
              directory.resolve(name + ".log"));
      KeeperLink keeper =
          KeeperLink.connect(
              listener -> {
                boolean ignored = launcher.ensureRunning(socket);
                return KeeperClient.connect(socket, listener);
              });
      keepers.put(name, keeper);
      hosts.put(name, new KeeperLeaseHost(keeper));
    }
    return Objects.requireNonNull(hosts.get(name));
  }

  @Override
  protected LeaseHost here() throws HostException {
    return host("here");
  }

  @Override
  protected LeaseHost there() throws HostException {
    return host("there");
  }

  @Override
  protected String directory() {
    return makeDirectory("leases").toString();
  }

  private Path makeDirectory(String name) {
    try {
      return Files.createDirectories(directory.resolve(name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  protected void passTime() {}
}
