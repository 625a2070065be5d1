package dev.holdfast.keeper;

import dev.holdfast.keeper.client.KeeperClient;
import dev.holdfast.keeper.protocol.ProcessState;
import dev.holdfast.keeper.protocol.Request;
import dev.holdfast.keeper.server.KeeperOptions;
import dev.holdfast.keeper.server.KeeperServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.function.Function;

/** Two keepers in this JVM as two hosts, each with a client. */
final class TwoKeepers implements AutoCloseable {
  private final Machines machines;
  private final Machines elsewhere;
  private final KeeperServer server;
  private final KeeperServer otherServer;
  private final KeeperClient client;
  private final KeeperClient otherClient;

  /**
   * Starts both.
   *
   * @param options of a keeper with that socket
   * @param listener of the first one's client
   */
  TwoKeepers(Path directory, Function<Path, KeeperOptions> options, RecordingListener listener)
      throws IOException {
    machines = new Machines(Files.createDirectory(directory.resolve("one")));
    elsewhere = new Machines(Files.createDirectory(directory.resolve("two")));
    server = KeeperServer.start(options.apply(machines.socket()), Clock.systemUTC());
    otherServer = KeeperServer.start(options.apply(elsewhere.socket()), Clock.systemUTC());
    client = machines.connect(listener);
    otherClient = elsewhere.connect(new RecordingListener());
  }

  /** Those of the first keeper. */
  Machines machines() {
    return machines;
  }

  KeeperClient client() {
    return client;
  }

  KeeperClient otherClient() {
    return otherClient;
  }

  /** Starts a process at the first keeper. */
  ProcessState launch(Request.Launch launch) throws IOException {
    ProcessState process = client.launch(launch);
    machines.track(process);
    return process;
  }

  @Override
  public void close() throws IOException {
    machines.close();
    elsewhere.close();
    client.close();
    otherClient.close();
    server.close();
    otherServer.close();
  }
}
