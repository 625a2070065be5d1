package dev.holdfast.standalone.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.read.WatchEvent;
import dev.holdfast.standalone.read.WatchFeed;
import dev.holdfast.standalone.resource.ApiException;
import dev.holdfast.standalone.resource.Metadata;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.api.StatusCode;
import org.eclipse.jetty.websocket.server.ServerUpgradeRequest;
import org.eclipse.jetty.websocket.server.ServerUpgradeResponse;
import org.eclipse.jetty.websocket.server.ServerWebSocketContainer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Watches over chunked HTTP and over WebSocket; the same events, framed in two ways. */
final class WatchEndpoint {
  private static final Logger LOG = LoggerFactory.getLogger(WatchEndpoint.class);
  private static final int MAX_WATCHES = 5_000;
  private static final long SEND_SECONDS = 30; // a client that takes longer is as good as gone

  private final ServerWebSocketContainer sockets;
  private final Rendering rendering;
  private final Semaphore watches = new Semaphore(MAX_WATCHES);

  WatchEndpoint(ServerWebSocketContainer sockets, Rendering rendering) {
    this.sockets = sockets;
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
      out.write('}');
      return out.toByteArray();
    }

    private byte[] object(WatchEvent event) {
      if (accept.as().isEmpty() || event.type() == WatchEvent.Type.ERROR) {
        return event.json();
      }
      if (event.type() == WatchEvent.Type.BOOKMARK) {
        return Json.bytes(bookmark(event.object()));
      }
      if (accept.partial()) {
        return Json.bytes(rendering.object(type, event.object(), accept, includeObject));
      }
      ObjectNode object = event.object();
      ObjectNode table =
          rendering.table(
              type, List.of(object), Metadata.resourceVersion(object), !described, includeObject);
      described = true;
      return Json.bytes(table);
    }

    private ObjectNode bookmark(ObjectNode bookmark) {
      if (accept.partial()) {
        return bookmark.put("kind", "PartialObjectMetadata").put("apiVersion", "meta.k8s.io/v1");
      }
      return rendering.table(
          type, List.of(), Metadata.resourceVersion(bookmark), !described, includeObject);
    }
  }

  /**
   * Serves a watch until it ends.
   *
   * @return whether the exchange was upgraded, so that its callback is not ours any more
   */
  boolean serve(
      Exchange exchange, ResourceType type, WatchFeed feed, Accept accept, Callback callback)
      throws IOException {
    Format format = new Format(type, accept, exchange.parameter("includeObject"));
    if (!watches.tryAcquire()) {
      throw ApiException.of(429, "TooManyRequests", "too many watches, please try again later");
    }
    if (exchange.header(HttpHeader.UPGRADE).equalsIgnoreCase("websocket")) {
      return upgrade(exchange, format, feed, callback);
    }
    try {
      stream(exchange, format, feed);
      return false;
    } finally {
      watches.release();
    }
  }

  private static void stream(Exchange exchange, Format format, WatchFeed feed) throws IOException {
    exchange.request().addIdleTimeoutListener(timeout -> false);
    exchange.begin(Exchange.JSON);
    try {
      feed.run(
          new WatchFeed.Sink() {
            @Override
            public void send(WatchEvent event) throws IOException {
              exchange.part(Exchange.lined(format.format(event)));
            }

            @Override
            public boolean closed() {
              return false; // a client that is gone shows when it is written to
            }
          });
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    exchange.end();
  }

  private boolean upgrade(Exchange exchange, Format format, WatchFeed feed, Callback callback) {
    boolean upgraded =
        sockets.upgrade(
            (request, response, ignored) -> accept(request, response, format, feed),
            exchange.request(),
            exchange.response(),
            callback);
    if (!upgraded) {
      watches.release();
      throw ApiException.badRequest("the WebSocket upgrade is incomplete");
    }
    return true;
  }

  private Object accept(
      ServerUpgradeRequest request, ServerUpgradeResponse response, Format format, WatchFeed feed) {
    request.getSubProtocols().stream()
        .filter(name -> name.equals("binary.k8s.io") || name.equals("base64.binary.k8s.io"))
        .findFirst()
        .ifPresent(response::setAcceptedSubProtocol);
    return new Socket(format, feed);
  }

  /** A watch over a WebSocket, with a thread of its own. Public, because Jetty calls it so. */
  public final class Socket implements Session.Listener.AutoDemanding {
    private final Format format;
    private final WatchFeed feed;
    private volatile boolean closed;

    Socket(Format format, WatchFeed feed) {
      this.format = format;
      this.feed = feed;
    }

    @Override
    public void onWebSocketOpen(Session session) {
      Thread.ofVirtual()
          .name("watch-" + session.getRemoteSocketAddress())
          .start(() -> run(session));
    }

    @Override
    public void onWebSocketClose(
        int statusCode, String reason, org.eclipse.jetty.websocket.api.Callback callback) {
      closed = true;
      callback.succeed();
    }

    @Override
    public void onWebSocketError(Throwable cause) {
      closed = true;
    }

    private void run(Session session) {
      try {
        feed.run(
            new WatchFeed.Sink() {
              @Override
              public void send(WatchEvent event) throws IOException {
                await(session, format.format(event));
              }

              @Override
              public boolean closed() {
                return closed;
              }
            });
        session.close(StatusCode.NORMAL, "", org.eclipse.jetty.websocket.api.Callback.NOOP);
      } catch (IOException e) {
        LOG.debug("A watcher is gone: {}", e.getMessage());
        session.disconnect();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        session.disconnect();
      } finally {
        watches.release();
      }
    }

    private static void await(Session session, byte[] event) throws IOException {
      var sent = new org.eclipse.jetty.websocket.api.Callback.Completable();
      session.sendText(new String(event, StandardCharsets.UTF_8), sent);
      try {
        sent.get(SEND_SECONDS, TimeUnit.SECONDS);
      } catch (ExecutionException | TimeoutException e) {
        throw new IOException("an event could not be sent: " + e.getMessage(), e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted while sending");
      }
    }
  }
}
