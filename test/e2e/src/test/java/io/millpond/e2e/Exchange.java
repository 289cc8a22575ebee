package io.millpond.e2e;

import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Servers that answer with the address they saw, and the question what that was. */
final class Exchange implements AutoCloseable {
  static final int TCP = 8080;
  static final int UDP = 8081;

  private final List<Process> servers = new ArrayList<>();

  /** Starts a TCP and a UDP server in a namespace. */
  void serve(String netns) {
    try {
      Path log = Files.createTempFile("server", ".log");
      servers.add(
          Shell.start(
              Map.of(),
              log,
              List.of(
                  "ip",
                  "netns",
                  "exec",
                  netns,
                  "socat",
                  "TCP4-LISTEN:" + TCP + ",reuseaddr,fork",
                  "SYSTEM:echo $SOCAT_PEERADDR")));
      servers.add(
          Shell.start(
              Map.of(),
              log,
              List.of(
                  "ip",
                  "netns",
                  "exec",
                  netns,
                  "socat",
                  "UDP4-RECVFROM:" + UDP + ",fork",
                  "SYSTEM:echo $SOCAT_PEERADDR")));
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    await("servers in " + netns)
        .atMost(Duration.ofSeconds(20))
        .until(
            () -> {
              String open = Shell.in(netns, "ss", "-Hltun").out();
              return open.contains(":" + TCP) && open.contains(":" + UDP);
            });
  }

  /** The source address that the server at the address saw, over TCP; or what went wrong. */
  static String tcp(String fromNetns, String address, int port) {
    return answer(
        Shell.in(
            fromNetns, "socat", "-T5", "-", "TCP4:" + address + ":" + port + ",connect-timeout=5"));
  }

  /** The same over UDP. */
  static String udp(String fromNetns, String address, int port) {
    return answer(
        Shell.in(
            fromNetns,
            "sh",
            "-c",
            "echo hello | timeout 8 socat -T3 - UDP4:" + address + ":" + port));
  }

  private static String answer(Shell.Ran ran) {
    return ran.out().isBlank() ? "none (" + ran.err().strip() + ")" : ran.out().strip();
  }

  @Override
  public void close() {
    for (Process server : servers) {
      server.descendants().forEach(ProcessHandle::destroyForcibly);
      server.destroyForcibly();
    }
  }
}
