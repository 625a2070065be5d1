package dev.holdfast.standalone.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.http.Exchange.Answer;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.read.WatchEvent;
import dev.holdfast.standalone.read.WatchFeed;
import dev.holdfast.standalone.resource.ApiException;
import dev.holdfast.standalone.resource.Metadata;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.api.StatusCode;
import org.eclipse.jetty.websocket.server.ServerWebSocketContainer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches over chunked HTTP and over WebSocket; the same events, framed in two ways. A watcher that
 * does not take an event in time is cut off; one that goes away is noticed at once.
 */
final class WatchEndpoint {
  private static final Logger LOG = LoggerFactory.getLogger(WatchEndpoint.class);
  private static final int MOST = 800;
  private static final byte[] END = {'}', '\n'};
  private static final long SEND_SECONDS = 30; // a client that takes longer is as good as gone

  private final ServerWebSocketContainer sockets;
  private final Connections connections;
  private final Rendering rendering;
  private final Pool places =
      new Pool(MOST, MOST / 2, Duration.ZERO, "too many watches, please try again later");

  WatchEndpoint(ServerWebSocketContainer sockets, Connections connections, Rendering rendering) {
    this.sockets = sockets;
    this.connections = connections;
    this.rendering = rendering;
  }

  /** How the events of one watch are written. */
  private final class Format {
    private final ResourceType type;
    private final Accept accept;
    private final String includeObject;
    private boolean described;

    Format(ResourceType type, Accept accept, String includeObject) {
      this.type = type;
      this.accept = accept;
      this.includeObject = includeObject;
    }

    byte[] format(WatchEvent event) {
      byte[] object = object(event);
      ByteArrayOutputStream out = new ByteArrayOutputStream(object.length + 40);
      out.writeBytes(
          ("{\"type\":\"" + event.type() + "\",\"object\":").getBytes(StandardCharsets.US_ASCII));
      out.writeBytes(object);
      out.writeBytes(END);
      return out.toByteArray();
    }

    private byte[] object(WatchEvent event) {
      if (accept.as().isEmpty() || event.type() == WatchEvent.Type.ERROR) {
        byte[] stored = event.stored();
        return stored == null ? Json.bytes(event.object()) : stored;
      }
      boolean bookmark = event.type() == WatchEvent.Type.BOOKMARK;
      ObjectNode object = event.object();
      if (accept.partial()) {
        return Json.bytes(
            bookmark
                ? object.put("kind", "PartialObjectMetadata").put("apiVersion", "meta.k8s.io/v1")
                : rendering.object(type, object, accept, includeObject));
      }
      List<ObjectNode> rows = bookmark ? List.of() : List.of(object);
      String version = Metadata.resourceVersion(object);
      byte[] table = Json.bytes(rendering.table(type, rows, version, !described, includeObject));
      described |= !bookmark;
      return table;
    }
  }

  /** An answer that lasts until the watch ends. */
  Answer answer(Exchange watched, ResourceType type, WatchFeed feed, Accept accept)
      throws InterruptedException {
    Format format = new Format(type, accept, watched.parameter("includeObject"));
    Pool.Share place = places.take(watched.user(), 1);
    return exchange -> {
      connections.hold(exchange.endPoint());
      return exchange.header(HttpHeader.UPGRADE).equalsIgnoreCase("websocket")
          ? upgrade(exchange, format, feed, place)
          : stream(exchange, format, feed, place);
    };
  }

  private static boolean stream(Exchange exchange, Format format, WatchFeed feed, Pool.Share place)
      throws IOException {
    Response response = exchange.response();
    try (place) {
      exchange.request().addIdleTimeoutListener(timeout -> false);
      // The end of the client is read behind Jetty's back, which must not read another request.
      exchange.header("Connection", "close");
      exchange.header("Transfer-Encoding", "chunked"); // so that an end is none of a cut connection
      exchange.begin(200, Exchange.JSON);
      Content.Sink.write(response, false, ByteBuffer.allocate(0));
      interruptAtEnd(exchange.tlsEndPoint(), Thread.currentThread());
      run(
          exchange,
          feed,
          format,
          event -> {
            var sent = new Callback.Completable();
            response.write(false, ByteBuffer.wrap(event), sent);
            return sent;
          });
      Content.Sink.write(response, true, ByteBuffer.allocate(0));
      return false;
    }
  }

  /** Interrupts a watch when its client is gone, or sends more than its request. */
  private static void interruptAtEnd(EndPoint endPoint, Thread watch) {
    endPoint.fillInterested(
        Callback.from(
            () -> {
              if (read(endPoint) == 0) {
                interruptAtEnd(endPoint, watch);
              } else {
                watch.interrupt();
              }
            },
            failure -> watch.interrupt()));
  }

  private static int read(EndPoint endPoint) {
    try {
      return endPoint.fill(BufferUtil.allocate(1));
    } catch (IOException e) {
      return -1;
    }
  }

  private static void run(
      Exchange exchange,
      WatchFeed feed,
      Format format,
      Function<byte[], CompletableFuture<Void>> write)
      throws IOException {
    try {
      feed.run(
          event -> {
            try (Pool.Share _ = exchange.send(event.size())) {
              await(write.apply(format.format(event)));
            }
          });
    } catch (ApiException e) { // it has begun with 200 already
      throw new IOException("an event could not be sent: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("the client is gone");
    }
  }

  private static void await(CompletableFuture<Void> sent) throws IOException, InterruptedException {
    try {
      sent.get(SEND_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IOException("an event could not be sent: " + e, e);
    }
  }

  private boolean upgrade(Exchange exchange, Format format, WatchFeed feed, Pool.Share place)
      throws IOException, InterruptedException {
    boolean upgraded =
        sockets.upgrade(
            (request, response, ignored) -> {
              request.getSubProtocols().stream()
                  .filter(
                      name -> name.equals("binary.k8s.io") || name.equals("base64.binary.k8s.io"))
                  .findFirst()
                  .ifPresent(response::setAcceptedSubProtocol);
              return new Socket(exchange, format, feed, place);
            },
            exchange.request(),
            exchange.response(),
            Callback.from(
                exchange.callback()::succeeded,
                failure -> {
                  place.close();
                  exchange.callback().failed(failure);
                }));
    if (!upgraded) {
      place.close();
      return exchange
          .failure(ApiException.badRequest("the WebSocket upgrade is incomplete"))
          .send(exchange);
    }
    return true;
  }

  /** A watch over a WebSocket, with a thread of its own. Public, because Jetty calls it so. */
  public final class Socket implements Session.Listener.AutoDemanding {
    private final Exchange exchange;
    private final EndPoint endPoint; // the request knows it only before the upgrade
    private final Format format;
    private final WatchFeed feed;
    private final Pool.Share place;
    private @Nullable Thread thread;

    Socket(Exchange exchange, Format format, WatchFeed feed, Pool.Share place) {
      this.exchange = exchange;
      this.endPoint = exchange.endPoint();
      this.format = format;
      this.feed = feed;
      this.place = place;
    }

    @Override
    public synchronized void onWebSocketOpen(Session session) {
      thread =
          Thread.ofVirtual()
              .name("watch-" + session.getRemoteSocketAddress())
              .unstarted(() -> run(session));
      thread.start();
    }

    @Override
    public void onWebSocketClose(
        int statusCode, String reason, org.eclipse.jetty.websocket.api.Callback callback) {
      interrupt();
      callback.succeed();
    }

    @Override
    public void onWebSocketError(Throwable cause) {
      interrupt();
    }

    private synchronized void interrupt() {
      if (thread != null) {
        thread.interrupt();
      }
    }

    private void run(Session session) {
      try {
        WatchEndpoint.run(
            exchange,
            feed,
            format,
            event -> {
              var sent = new org.eclipse.jetty.websocket.api.Callback.Completable();
              session.sendText(new String(event, StandardCharsets.UTF_8), sent);
              return sent;
            });
        session.close(StatusCode.NORMAL, "", org.eclipse.jetty.websocket.api.Callback.NOOP);
      } catch (IOException e) {
        LOG.debug("A watcher is gone: {}", e.getMessage());
        session.disconnect();
      } finally {
        place.close();
        connections.touch(
            endPoint, exchange.user(), Connections.STEP); // for the client's part of the close
      }
    }
  }
}
