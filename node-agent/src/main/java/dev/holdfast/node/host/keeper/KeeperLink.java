package dev.holdfast.node.host.keeper;

import dev.holdfast.keeper.client.KeeperClient;
import dev.holdfast.keeper.client.KeeperListener;
import dev.holdfast.keeper.protocol.Event;
import dev.holdfast.keeper.protocol.ProcessState;
import dev.holdfast.keeper.protocol.lease.LockspaceState;
import dev.holdfast.node.host.HostException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connection to the keeper, shared by the adapters that need it. A lost connection is made
 * again in the background; until then every question fails with reason {@code KeeperUnreachable},
 * so that nothing is decided on old knowledge.
 */
public final class KeeperLink implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(KeeperLink.class);

  private static final Duration FIRST_DELAY = Duration.ofMillis(50);
  private static final Duration LONGEST_DELAY = Duration.ofSeconds(2);

  /** Hears what the keeper tells unasked, and of gaps in that. Must not block. */
  public interface Listener {
    /** A process has ended; its exit is present. */
    default void exited(ProcessState process) {}

    /** The phase of a lockspace, or the state of another host in it, is a new one. */
    default void lockspaceChanged(LockspaceState state) {}

    /** The keeper has killed a machine because of its leases; its process is gone. */
    default void leasesLost(Event.LeasesLost lost) {}

    /** From now on events are missed. */
    default void disconnected() {}

    /** Some events may have been missed: everything is to be read again. */
    default void reconnected() {}
  }

  private final KeeperConnector connector;
  private final AtomicReference<@Nullable KeeperClient> client = new AtomicReference<>();
  private final List<Listener> listeners = new CopyOnWriteArrayList<>();
  private final CountDownLatch closed = new CountDownLatch(1);

  private KeeperLink(KeeperConnector connector) {
    this.connector = connector;
  }

  /**
   * Connects.
   *
   * @throws HostException with reason {@code KeeperUnreachable}
   */
  public static KeeperLink connect(KeeperConnector connector) throws HostException {
    var link = new KeeperLink(connector);
    try {
      link.client.set(connector.connect(link.new Events()));
      return link;
    } catch (IOException failed) {
      throw unreachable(failed);
    }
  }

  /**
   * The open connection.
   *
   * @throws HostException with reason {@code KeeperUnreachable} while there is none
   */
  public KeeperClient client() throws HostException {
    KeeperClient open = client.get();
    if (open == null) {
      throw new HostException(
          "KeeperUnreachable",
          "this host's keeper does not answer; its machines may run on, and nothing is done to them"
              + " until it is back");
    }
    return open;
  }

  /** What a question to the keeper that got no answer means. */
  public static HostException unreachable(IOException failed) {
    return new HostException(
        "KeeperUnreachable", "this host's keeper does not answer: " + failed.getMessage(), failed);
  }

  /** Has the listener told of every event from now on. */
  public void listen(Listener listener) {
    listeners.add(listener);
  }

  /** Ends the connection for good; nothing happens to any process or lease. */
  @Override
  public void close() {
    closed.countDown();
    listeners.clear();
    disconnect(client.getAndSet(null));
  }

  private static void disconnect(@Nullable KeeperClient open) {
    if (open == null) {
      return;
    }
    try {
      open.close();
    } catch (IOException failed) {
      LOG.debug("closing the connection to the keeper: {}", failed.toString());
    }
  }

  private void tell(Consumer<Listener> event) {
    listeners.forEach(event);
  }

  private void reconnect() {
    Duration delay = FIRST_DELAY;
    try {
      while (!closed.await(delay.toMillis(), TimeUnit.MILLISECONDS)) {
        try {
          KeeperClient fresh = connector.connect(new Events());
          client.set(fresh);
          if (closed.getCount() == 0) {
            disconnect(fresh);
            return;
          }
          LOG.info("connected to the keeper again");
          tell(Listener::reconnected);
          return;
        } catch (IOException failed) {
          LOG.warn("cannot connect to the keeper: {}", failed.getMessage());
        }
        delay = delay.multipliedBy(2);
        if (delay.compareTo(LONGEST_DELAY) > 0) {
          delay = LONGEST_DELAY;
        }
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private final class Events implements KeeperListener {
    @Override
    public void exited(ProcessState process) {
      tell(listener -> listener.exited(process));
    }

    @Override
    public void lockspaceChanged(LockspaceState state) {
      tell(listener -> listener.lockspaceChanged(state));
    }

    @Override
    public void leasesLost(Event.LeasesLost lost) {
      tell(listener -> listener.leasesLost(lost));
    }

    @Override
    public void disconnected(String reason) {
      if (closed.getCount() > 0) {
        LOG.warn("{}", reason);
        client.set(null);
        tell(Listener::disconnected);
        Thread ignored =
            Thread.ofVirtual().name("keeper-reconnect").start(KeeperLink.this::reconnect);
      }
    }
  }
}
