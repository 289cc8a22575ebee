package io.millpond.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.millpond.linux.netns.Netns;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Reads a page of a server that listens on the loopback of another network namespace. Without a
 * process, because tests ask often, and in an emulated machine starting {@code curl} takes half a
 * second of a processor.
 */
final class Page {
  private static final Duration LIMIT = Duration.ofSeconds(10);

  private Page() {}

  /** The answer's text; status 0 only if the answer was 200. */
  static Shell.Ran get(String netns, int port, String path) {
    try (Netns inside = Netns.open(Path.of("/run/netns", netns))) {
      return inside.inside(() -> get(port, path));
    } catch (IOException e) {
      return new Shell.Ran(1, "", e.toString());
    }
  }

  private static Shell.Ran get(int port, String path) throws IOException {
    try (Socket socket = new Socket()) {
      socket.setSoTimeout(Math.toIntExact(LIMIT.toMillis()));
      socket.connect(
          new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
          Math.toIntExact(LIMIT.toMillis()));
      socket
          .getOutputStream()
          .write(
              "GET %s HTTP/1.0\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n\r\n"
                  .formatted(path, port)
                  .getBytes(UTF_8));
      String answer = new String(socket.getInputStream().readAllBytes(), UTF_8);
      int body = answer.indexOf("\r\n\r\n");
      boolean ok = body > 0 && answer.substring(0, body).matches("(?s)HTTP/1\\.[01] 200 .*");
      return new Shell.Ran(
          ok ? 0 : 1,
          ok ? answer.substring(body + 4) : "",
          ok ? "" : answer.lines().findFirst().orElse(""));
    }
  }
}
