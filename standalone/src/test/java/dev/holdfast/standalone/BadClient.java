package dev.holdfast.standalone;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/** Does to a server over plain sockets what no good client does. Closed with all that it opened. */
final class BadClient implements AutoCloseable {
  private static final int TIMEOUT_MILLIS = 20_000;
  private static final String MAPS = "/api/v1/namespaces/default/configmaps";
  private static final String APPLY = "?fieldManager=bad&force=true";

  private final InetSocketAddress server;
  private final SSLContext tls;
  private final List<Socket> open = new CopyOnWriteArrayList<>();

  /** A request that is ready to be sent. */
  @FunctionalInterface
  interface Request {
    /** Returns what it is answered with, "" when the connection was closed before. */
    String send() throws IOException;
  }

  BadClient(int port, SSLContext tls) {
    this.server = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    this.tls = tls;
  }

  /** A TCP connection that stays open. */
  Socket connect() throws IOException {
    Socket socket = new Socket();
    open.add(socket);
    socket.setSoTimeout(TIMEOUT_MILLIS);
    socket.connect(server, TIMEOUT_MILLIS);
    return socket;
  }

  /** A TLS connection that stays open, after the handshake. */
  SSLSocket connectTls() throws IOException {
    SSLSocket socket =
        (SSLSocket) tls.getSocketFactory().createSocket(connect(), "127.0.0.1", 0, true);
    open.add(socket);
    socket.startHandshake();
    return socket;
  }

  /** What a request is answered with, "" when the connection was closed before. */
  String send(byte[]... parts) throws IOException {
    try (SSLSocket socket = connectTls()) {
      Thread writing =
          Thread.ofVirtual().start(() -> write(socket, parts)); // answers may come before the end
      StringBuilder answer = new StringBuilder();
      try {
        InputStream in = socket.getInputStream();
        for (int next = in.read();
            next >= 0 && !answer.toString().endsWith("\r\n");
            next = in.read()) {
          answer.append((char) next);
        }
      } catch (IOException e) {
        // closed: that is an answer too
      }
      writing.interrupt();
      return answer.toString().strip();
    }
  }

  private static void write(Socket socket, byte[]... parts) {
    try {
      OutputStream out = socket.getOutputStream();
      for (byte[] part : parts) {
        out.write(part);
      }
      out.flush();
    } catch (IOException e) {
      // the server does not want more
    }
  }

  static byte[] bytes(String text) {
    return text.getBytes(ISO_8859_1);
  }

  static byte[] head(String method, String path, String contentType, long length) {
    return bytes(
        method
            + " "
            + path
            + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: "
            + contentType
            + "\r\nContent-Length: "
            + length
            + "\r\n\r\n");
  }

  String delete(String path) throws IOException {
    return send(head("DELETE", path, "application/json", 0));
  }

  String post(String path, String contentType, String body) throws IOException {
    byte[] content = body.getBytes(UTF_8);
    String method = contentType.contains("patch") ? "PATCH" : "POST";
    return send(head(method, path, contentType, content.length), content);
  }

  /** Requests that are none, by what is wrong with them. */
  static Map<String, byte[]> malformed(Random random) {
    byte[] noise = new byte[20_000];
    random.nextBytes(noise);
    String get = "GET /version HTTP/1.1\r\nHost: x\r\n";
    String post = get.replace("GET /version", "POST " + MAPS);
    return Map.ofEntries(
        Map.entry("noise", noise),
        Map.entry("nothing but line ends", bytes("\r\n".repeat(30_000))),
        Map.entry("no HTTP", bytes("HELO mail\r\n\r\n")),
        Map.entry("a version to come", bytes("GET /version HTTP/9.9\r\n\r\n")),
        Map.entry("HTTP/2", bytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")),
        Map.entry("no host", bytes("GET /version HTTP/1.1\r\n\r\n")),
        Map.entry("a long path", bytes("GET /" + "a".repeat(1 << 20) + " HTTP/1.1\r\n\r\n")),
        Map.entry("a long header", bytes(get + "X: " + "a".repeat(1 << 20) + "\r\n\r\n")),
        Map.entry("many headers", bytes(get + "X: a\r\n".repeat(100_000) + "\r\n")),
        Map.entry("a header without a name", bytes(get + ": a\r\n\r\n")),
        Map.entry("a NUL", bytes(get + "X\0: a\r\n\r\n")),
        Map.entry("a folded header", bytes(get + "X: a\r\n b\r\n\r\n")),
        Map.entry("a negative length", bytes(get + "Content-Length: -1\r\n\r\n")),
        Map.entry("a huge length", bytes(get + "Content-Length: 99999999999999999999\r\n\r\n")),
        Map.entry("two lengths", bytes(get + "Content-Length: 1\r\nContent-Length: 2\r\n\r\na")),
        Map.entry(
            "a length and chunks",
            bytes(get + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")),
        Map.entry("bad chunks", bytes(post + "Transfer-Encoding: chunked\r\n\r\nzz\r\na\r\n")),
        Map.entry("a bad escape", bytes("GET /api/v1/%zz HTTP/1.1\r\nHost: x\r\n\r\n")),
        Map.entry("a bad query", bytes("GET /version?a=%zz HTTP/1.1\r\nHost: x\r\n\r\n")),
        Map.entry("a way out", bytes("GET /api/../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n")),
        Map.entry("a method of its own", bytes("FROB /api/v1/nodes HTTP/1.1\r\nHost: x\r\n\r\n")),
        Map.entry("a tunnel", bytes("CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n")));
  }

  /** Bodies that are larger, deeper or other than they look, by what they are. */
  Map<String, Request> bodies() {
    String json = "application/json";
    String yaml = "application/yaml";
    int large = (3 << 20) - 100;
    String lists = "[" + "[],".repeat(large / 3) + "[]]";
    String bomb =
        "a0: &a0 [x]\n"
            + IntStream.range(1, 30)
                .mapToObj(i -> "a%d: &a%d [*a%d, *a%d]\n".formatted(i, i, i - 1, i - 1))
                .collect(Collectors.joining());
    String merges =
        "a0: &a0 {x: y}\n"
            + IntStream.range(1, 30)
                .mapToObj(i -> "a%d: &a%d {<<: [*a%d, *a%d]}\n".formatted(i, i, i - 1, i - 1))
                .collect(Collectors.joining());
    String copies =
        "[{\"op\":\"add\",\"path\":\"/data\",\"value\":{\"a\":\"b\"}}"
            + IntStream.range(0, 40)
                .mapToObj(
                    i -> ",{\"op\":\"copy\",\"from\":\"/data\",\"path\":\"/data/%d\"}".formatted(i))
                .collect(Collectors.joining())
            + "]";
    String nested = "{x: y}";
    for (int i = 0; i < 25; i++) {
      nested = "{k%d: v, <<: [&a%d %s, *a%d]}".formatted(i, i, nested, i);
    }
    String nestedMerges = "data: " + nested + "\n";
    Map<String, Request> bodies = new TreeMap<>();
    bodies.put("10 GB", () -> send(head("POST", MAPS, json, 10L << 30), new byte[1 << 20]));
    bodies.put("endless chunks", this::endless);
    bodies.put("lists", () -> post(MAPS, json, "{\"data\":" + lists + "}"));
    bodies.put("lists in YAML", () -> post(MAPS, yaml, "data: " + lists));
    bodies.put("maps", () -> post(MAPS, json, "{\"data\":" + lists.replace("[]", "{}") + "}"));
    bodies.put("deep lists", () -> post(MAPS, json, "[".repeat(large)));
    bodies.put("deep maps", () -> post(MAPS, json, "{\"a\":".repeat(large / 5)));
    bodies.put("deep YAML", () -> post(MAPS, yaml, "[".repeat(large)));
    bodies.put("deep lines of YAML", () -> post(MAPS, yaml, "- ".repeat(large / 2)));
    bodies.put("YAML bomb", () -> post(MAPS, yaml, bomb));
    bodies.put("YAML bomb of merges", () -> post(MAPS, yaml, merges));
    bodies.put("YAML bomb of nested merges", () -> post(MAPS, yaml, nestedMerges));
    bodies.put(
        "applied YAML bomb", () -> post(MAPS + "/b" + APPLY, "application/apply-patch+yaml", bomb));
    bodies.put(
        "JSON patch bomb",
        () -> {
          post(MAPS, json, "{\"metadata\":{\"name\":\"patched\"}}");
          return post(MAPS + "/patched", "application/json-patch+json", copies);
        });
    bodies.put("a huge number", () -> post(MAPS, json, "{\"data\":" + "9".repeat(large) + "}"));
    bodies.put("a huge exponent", () -> post(MAPS, json, "{\"data\":1e999999999}"));
    bodies.put("a long text", () -> post(MAPS, json, "{\"kind\":\"" + "k".repeat(large) + "\"}"));
    bodies.put("a raw NUL", () -> post(MAPS, json, "{\"a\":\"\0\"}"));
    bodies.put(
        "duplicates", () -> post(MAPS, json, "{" + "\"a\":1,".repeat(large / 6) + "\"a\":1}"));
    bodies.put("names", () -> post(MAPS, json, names()));
    bodies.put(
        "damaged protobuf", () -> post(MAPS, "application/vnd.kubernetes.protobuf", "k8s\0\n\1"));
    return bodies;
  }

  private static String names() {
    StringBuilder names = new StringBuilder("{\"data\":{");
    for (int i = 0; names.length() < (3 << 20) - 100; i++) {
      names.append('"').append(i).append("\":\"\",");
    }
    return names.append("\"z\":\"\"},\"metadata\":{\"name\":\"names\"}}").toString();
  }

  private String endless() throws IOException {
    byte[] chunk = bytes("100000\r\n" + " ".repeat(1 << 20) + "\r\n");
    byte[][] parts = new byte[21][];
    Arrays.fill(parts, chunk);
    parts[0] =
        bytes(
            "POST "
                + MAPS
                + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n");
    return send(parts);
  }

  @Override
  public void close() {
    for (Socket socket : open) {
      try {
        socket.close();
      } catch (IOException e) {
        // closed already
      }
    }
  }
}
