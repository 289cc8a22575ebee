package io.millpond.node.probe;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.millpond.linux.unix.Deadline;
import io.millpond.linux.unix.UnixConnection;
import io.millpond.linux.unix.UnixServer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells {@code millpond-probe} how this very daemon is, from its first instant to its last. While a
 * daemon is replaced two of them share the node's network and its run directory, and only a socket
 * in a directory of the container's own says which of them answers. Who connects is told one line;
 * nothing is read.
 */
public final class ProbeServer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ProbeServer.class);
  private static final Duration LOOK = Duration.ofMillis(200);
  private static final Duration EXCHANGE = Duration.ofSeconds(2);

  private final UnixServer server;
  private final Supplier<ProbeState> state;
  private final int user;
  private final Thread thread =
      Thread.ofPlatform().daemon().name("probe").unstarted(this::serveAll);
  private volatile boolean closed;

  private ProbeServer(UnixServer server, Supplier<ProbeState> state, int user) {
    this.server = server;
    this.state = state;
    this.user = user;
  }

  /**
   * Listens.
   *
   * @param state what is told; must not block
   * @param user whose processes are told
   * @throws IOException if it cannot listen
   */
  public static ProbeServer start(Path path, Supplier<ProbeState> state, int user)
      throws IOException {
    ProbeServer probe = new ProbeServer(UnixServer.listen(path), state, user);
    probe.thread.start();
    return probe;
  }

  private void serveAll() {
    while (!closed) {
      try {
        Optional<UnixConnection> connection = server.accept(LOOK);
        if (connection.isPresent()) {
          answer(connection.get());
        }
      } catch (IOException e) {
        if (!closed) {
          log.warn("the probe's socket: {}", e.getMessage());
          pause();
        }
      }
    }
  }

  private void answer(UnixConnection connection) {
    try (connection) {
      if (connection.peerUid() == user) {
        connection.send(state.get().line().getBytes(UTF_8), Deadline.after(EXCHANGE));
      }
    } catch (IOException e) {
      log.debug("a probe was not answered: {}", e.getMessage());
    }
  }

  /** What makes accepting fail, such as too many open files, lasts. */
  private void pause() {
    try {
      Thread.sleep(LOOK);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      closed = true;
    }
  }

  /** Returns when nobody is answered any more. */
  @Override
  public void close() {
    closed = true;
    try {
      thread.join(); // before its descriptor's number is another socket's
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    server.close();
  }
}
