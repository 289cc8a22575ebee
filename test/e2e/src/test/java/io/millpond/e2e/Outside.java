package io.millpond.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.millpond.linux.netns.Netns;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Runs programs beside the control plane, outside of the machine, where they are faster by far: see
 * {@code test/e2e/with-cluster}. Safe for many threads.
 */
final class Outside {
  private static final String ADDRESS = "192.168.99.1";
  private static final int PORT = 2222;

  private final String netns;

  /** From this namespace it can be reached. */
  Outside(String netns) {
    this.netns = netns;
  }

  /**
   * Runs a program there.
   *
   * @param input what it reads; no byte of it may be 0
   * @param limit after which it is ended
   * @return its status, its output, and after it what it said of errors
   */
  Shell.Ran run(String input, Duration limit, List<String> command) {
    List<String> words = new ArrayList<>(List.of("timeout", limit.toSeconds() + "s"));
    words.addAll(command);
    String script =
        """
        errors=$(mktemp)
        printf %%s %s | %s 2> "$errors"
        status=${PIPESTATUS[1]}
        printf '\\0'
        cat "$errors"
        rm "$errors"
        printf '\\0%%d' "$status"
        """
            .formatted(
                quoted(input),
                words.stream().map(Outside::quoted).collect(Collectors.joining(" ")));
    try (Socket socket = connect()) {
      socket.setSoTimeout(Math.toIntExact(limit.plusSeconds(30).toMillis()));
      socket.getOutputStream().write(script.getBytes(UTF_8));
      socket.shutdownOutput();
      String[] parts = new String(socket.getInputStream().readAllBytes(), UTF_8).split("\0", -1);
      if (parts.length != 3) {
        throw new AssertionError("cut short: " + String.join(" ", parts));
      }
      return new Shell.Ran(Integer.parseInt(parts[2]), parts[0], parts[1]);
    } catch (IOException e) {
      throw new UncheckedIOException(String.join(" ", command), e);
    }
  }

  private Socket connect() throws IOException {
    try (Netns inside = Netns.open(Path.of("/run/netns", netns))) {
      return inside.inside(
          () -> {
            Socket socket = new Socket();
            socket.connect(new InetSocketAddress(ADDRESS, PORT), 10_000);
            return socket;
          });
    }
  }

  /** As one word for a shell. */
  private static String quoted(String word) {
    return "'" + word.replace("'", "'\\''") + "'";
  }
}
