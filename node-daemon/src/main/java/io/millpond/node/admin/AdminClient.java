package io.millpond.node.admin;

import io.millpond.linux.unix.Deadline;
import io.millpond.linux.unix.UnixConnection;
import io.millpond.linux.unix.UnixServer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** Asks on the administrator's socket. */
public final class AdminClient {
  private static final Duration EXCHANGE = Duration.ofSeconds(5);

  private AdminClient() {}

  /**
   * The answer to one question.
   *
   * @throws IOException if nobody answers
   */
  public static String ask(Path socket, String question) throws IOException {
    try (UnixConnection connection = UnixConnection.connect(socket.toString())) {
      Deadline deadline = Deadline.after(EXCHANGE);
      AdminMessage.send(connection, question, deadline);
      return AdminMessage.receive(connection, deadline);
    }
  }

  /**
   * Waits for the listening socket of the daemon that is running.
   *
   * @param chosen run once that daemon is known to hand over to this one
   * @return empty if it did not come in time
   * @throws IOException if the daemon is gone, or never was there
   */
  public static Optional<UnixServer> awaitListener(Path socket, Duration longest, Runnable chosen)
      throws IOException {
    try (UnixConnection connection = UnixConnection.connect(socket.toString())) {
      AdminMessage.send(connection, AdminServer.STANDBY, Deadline.after(EXCHANGE));
      if (!AdminMessage.receive(connection, Deadline.after(EXCHANGE)).equals(AdminServer.CHOSEN)) {
        return Optional.empty();
      }
      chosen.run();
      if (!AdminMessage.receive(connection, Deadline.after(longest)).equals(AdminServer.LISTENER)) {
        return Optional.empty();
      }
      int descriptor = connection.takeDescriptor();
      return descriptor < 0 ? Optional.empty() : Optional.of(UnixServer.adopt(descriptor));
    }
  }
}
