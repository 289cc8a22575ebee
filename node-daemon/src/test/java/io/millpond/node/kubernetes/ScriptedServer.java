package io.millpond.node.kubernetes;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;

import io.millpond.node.settings.KubernetesUse;
import io.millpond.node.settings.Settings;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * An API server that says, octet by octet, what a test wants said: the n-th request gets the n-th
 * answer, each on a connection of its own; after the last answer nobody is answered.
 */
final class ScriptedServer implements AutoCloseable {
  private final ServerSocket socket;
  private final BlockingQueue<Answer> script = new LinkedBlockingQueue<>();
  private final List<Socket> open = new CopyOnWriteArrayList<>();
  final BlockingQueue<Request> requests = new LinkedBlockingQueue<>();
  final CountDownLatch over = new CountDownLatch(1);

  /** What came; {@code at} is in ns. */
  record Request(
      String method, String path, String contentType, String authorization, String body, long at) {}

  /** Says something. */
  @FunctionalInterface
  interface Answer {
    void to(Request request, OutputStream out) throws IOException, InterruptedException;
  }

  ScriptedServer(Answer... answers) {
    script.addAll(List.of(answers));
    try {
      socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Thread.ofPlatform().daemon().start(this::accept);
  }

  /** One more answer. */
  ScriptedServer then(Answer answer) {
    script.add(answer);
    return this;
  }

  private void accept() {
    while (!socket.isClosed()) {
      try {
        Socket connection = socket.accept();
        open.add(connection);
        Thread.ofPlatform().daemon().start(() -> serve(connection));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void serve(Socket connection) {
    try (connection) {
      Request request = read(connection.getInputStream());
      requests.add(request);
      Answer answer = script.poll();
      if (answer == null) {
        over.await();
        return;
      }
      answer.to(request, connection.getOutputStream());
    } catch (IOException | InterruptedException e) {
      // The client hung up, or the test is over.
    }
  }

  private static Request read(InputStream in) throws IOException {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    while (!head.toString(UTF_8).endsWith("\r\n\r\n")) {
      int octet = in.read();
      if (octet < 0) {
        throw new IOException("half a request");
      }
      head.write(octet);
    }
    String[] lines = head.toString(UTF_8).split("\r\n", -1);
    String type = "";
    String authorization = "";
    int length = 0;
    for (String line : lines) {
      String lower = line.toLowerCase(java.util.Locale.ROOT);
      if (lower.startsWith("content-length: ")) {
        length = Integer.parseInt(line.substring(16).strip());
      } else if (lower.startsWith("content-type: ")) {
        type = line.substring(14).strip();
      } else if (lower.startsWith("authorization: ")) {
        authorization = line.substring(15).strip();
      }
    }
    String[] first = lines[0].split(" ", -1);
    return new Request(
        first[0],
        first[1],
        type,
        authorization,
        new String(in.readNBytes(length), UTF_8),
        System.nanoTime());
  }

  /** The next request, once it has come. */
  Request next() throws InterruptedException {
    Request request = requests.poll(20, TimeUnit.SECONDS);
    if (request == null) {
      throw new AssertionError("no request came");
    }
    return request;
  }

  Cluster cluster() {
    return cluster(URI.create("http://127.0.0.1:" + socket.getLocalPort()), "node-a");
  }

  /** A cluster whose API server is there. */
  static Cluster cluster(URI address, String node) {
    return cluster(address, node, "admin");
  }

  /** A cluster whose API server is there, for the bearer of a token. */
  static Cluster cluster(URI address, String node, String token) {
    try {
      Path file = Files.createTempFile("kubeconfig", ".yaml");
      Files.writeString(
          file,
          """
          apiVersion: v1
          kind: Config
          clusters: [{name: test, cluster: {server: "%s", insecure-skip-tls-verify: true}}]
          users: [{name: admin, user: {token: "%s"}}]
          contexts: [{name: test, context: {cluster: test, user: admin}}]
          current-context: test
          """
              .formatted(address, token));
      ClusterAccess.Found found =
          new ClusterAccess(
                  new Settings.Kubernetes(
                      KubernetesUse.ON, Optional.of(file), Optional.of(node), Optional.empty(), 1),
                  Map.of())
              .find();
      Files.delete(file);
      return ((ClusterAccess.Usable) found).cluster();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    over.countDown();
    socket.close();
    for (Socket connection : new ArrayList<>(open)) {
      connection.close();
    }
  }

  // What can be said.

  /** A whole answer with a length. */
  static Answer json(int code, String body, String... headers) {
    byte[] octets = body.getBytes(UTF_8);
    return (_, out) -> {
      String more = List.of(headers).stream().map(h -> h + "\r\n").collect(joining());
      String head =
          "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n%s\r\n"
              .formatted(code, octets.length, more);
      out.write(head.getBytes(UTF_8));
      out.write(octets);
      out.flush();
    };
  }

  /** The headers of a watch, and these lines; then the answer ends. */
  static Answer watch(String... lines) {
    return (_, out) -> say(out, lines);
  }

  /** The same, and the connection stays open and silent. */
  Answer watchThenSilence(String... lines) {
    return (_, out) -> {
      say(out, lines);
      over.await();
    };
  }

  private static void say(OutputStream out, String... lines) throws IOException {
    out.write(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
            .getBytes(UTF_8));
    for (String line : lines) {
      out.write(line.getBytes(UTF_8));
    }
    out.flush();
  }
}
