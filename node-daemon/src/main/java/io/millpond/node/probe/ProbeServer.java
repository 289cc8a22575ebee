package io.millpond.node.probe;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.millpond.linux.unix.Deadline;
import io.millpond.linux.unix.UnixConnection;
import io.millpond.linux.unix.UnixServer;
import io.millpond.node.threads.Acceptor;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
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
  private static final Duration EXCHANGE = Duration.ofSeconds(2);

  private final Acceptor acceptor;

  private ProbeServer(Acceptor acceptor) {
    this.acceptor = acceptor;
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
    return new ProbeServer(
        Acceptor.start(
            UnixServer.listen(path),
            "probe",
            "the probe's socket",
            connection -> answer(connection, state, user)));
  }

  private static boolean answer(UnixConnection connection, Supplier<ProbeState> state, int user) {
    try {
      if (connection.peerUid() == user) {
        connection.send(state.get().line().getBytes(UTF_8), Deadline.after(EXCHANGE));
      }
    } catch (IOException e) {
      log.debug("a probe was not answered: {}", e.getMessage());
    }
    return false;
  }

  /** Returns when nobody is answered any more. */
  @Override
  public void close() {
    acceptor.close();
  }
}
