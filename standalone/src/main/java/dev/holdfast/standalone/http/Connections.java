package dev.holdfast.standalone.http;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.ssl.SslConnection;
import org.eclipse.jetty.util.thread.Scheduler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who is connected. What a connection does next (its TLS handshake and first request, the rest of a
 * request, the answer, the next request) has a deadline, however busily it sends bytes; and when
 * there are too many, the user who has most of them loses the one on which nothing has begun or
 * ended for longest. So neither slow clients nor very many can keep others out. Those who have not
 * shown a certificate count as one user. Watches are limited elsewhere and not counted here.
 */
final class Connections implements Connection.Listener {
  static final int MOST = 600;
  static final Duration FIRST_REQUEST = Duration.ofSeconds(15);
  static final Duration BODY = Duration.ofSeconds(30);
  static final Duration STEP = Duration.ofSeconds(60); // as the real server's --request-timeout
  private static final Logger LOG = LoggerFactory.getLogger(Connections.class);
  static final String STRANGER = "";
  private static final Duration SWEEP = Duration.ofSeconds(1);

  private final Map<EndPoint, String> users = new HashMap<>(); // of all connections
  // Deadlines in nanoseconds, by user; first the connection on which nothing happened for longest.
  private final Map<String, SequencedMap<EndPoint, Long>> deadlines = new HashMap<>();
  private int counted;

  @Override
  public void onOpened(Connection connection) {
    if (connection instanceof SslConnection) { // the HTTP connection in it is told of too
      close(open(connection.getEndPoint()), "there are too many connections");
    }
  }

  @Override
  public synchronized void onClosed(Connection connection) {
    if (connection instanceof SslConnection) {
      String user = users.remove(connection.getEndPoint());
      if (user != null) {
        forget(connection.getEndPoint(), user);
      }
    }
  }

  private synchronized List<EndPoint> open(EndPoint endPoint) {
    users.put(endPoint, STRANGER);
    count(endPoint, STRANGER, FIRST_REQUEST);
    List<EndPoint> superfluous = new ArrayList<>();
    while (counted > MOST) {
      Map.Entry<String, SequencedMap<EndPoint, Long>> most =
          deadlines.entrySet().stream()
              .max(Comparator.comparingInt(entry -> entry.getValue().size()))
              .orElseThrow();
      EndPoint longest = most.getValue().firstEntry().getKey();
      forget(longest, most.getKey());
      superfluous.add(longest);
    }
    return superfluous;
  }

  /**
   * Something has begun or ended on a user's connection; the next must do so in time. Strangers
   * keep the deadline that they have, because their time is short.
   */
  synchronized void touch(EndPoint endPoint, String user, Duration time) {
    String before = user.equals(STRANGER) ? null : users.replace(endPoint, user);
    if (before != null) {
      forget(endPoint, before);
      count(endPoint, user, time);
    }
  }

  /** A watch begins: it may take any time, and does not count until the next touch. */
  synchronized void hold(EndPoint endPoint) {
    String user = users.get(endPoint);
    if (user != null) {
      forget(endPoint, user);
    }
  }

  private void count(EndPoint endPoint, String user, Duration time) {
    deadlines
        .computeIfAbsent(user, name -> new LinkedHashMap<>())
        .put(endPoint, System.nanoTime() + time.toNanos());
    counted++;
  }

  private void forget(EndPoint endPoint, String user) {
    SequencedMap<EndPoint, Long> ofUser = deadlines.get(user);
    if (ofUser != null && ofUser.remove(endPoint) != null) {
      counted--;
      if (ofUser.isEmpty()) {
        deadlines.remove(user);
      }
    }
  }

  /** Closes again and again what is late, as long as the scheduler runs. */
  void watchOver(Scheduler scheduler) {
    close(late(), "its time is up");
    scheduler.schedule(() -> watchOver(scheduler), SWEEP.toMillis(), TimeUnit.MILLISECONDS);
  }

  private synchronized List<EndPoint> late() {
    long now = System.nanoTime();
    List<EndPoint> late = new ArrayList<>();
    for (SequencedMap<EndPoint, Long> ofUser : deadlines.values()) {
      ofUser.forEach(
          (endPoint, deadline) -> {
            if (deadline - now < 0) {
              late.add(endPoint);
            }
          });
    }
    return late;
  }

  private static void close(List<EndPoint> endPoints, String why) {
    for (EndPoint endPoint : endPoints) {
      LOG.debug("Closing the connection of {}: {}", endPoint.getRemoteSocketAddress(), why);
      endPoint.close(new TimeoutException(why));
    }
  }
}
