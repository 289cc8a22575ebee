package io.millpond.node.admin;

import io.millpond.linux.unix.Deadline;
import io.millpond.linux.unix.UnixConnection;
import io.millpond.linux.unix.UnixServer;
import io.millpond.node.threads.Acceptor;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers on the administrator's socket, one connection after the other, on one thread. */
public final class AdminServer implements AutoCloseable {
  /** What a standby asks. */
  static final String STANDBY = "standby";

  /** What the first that stands by is told at once. */
  static final String CHOSEN = "chosen";

  /** What comes with the listening socket. */
  static final String LISTENER = "listener";

  private static final Logger log = LoggerFactory.getLogger(AdminServer.class);
  private static final Duration EXCHANGE = Duration.ofSeconds(2);

  private final Map<String, Supplier<String>> answers;
  private final int user;
  private final Acceptor acceptor;
  private final Object lock = new Object();
  private @Nullable UnixConnection successor;

  private AdminServer(UnixServer server, Map<String, Supplier<String>> answers, int user) {
    this.answers = Map.copyOf(answers);
    this.user = user;
    this.acceptor = Acceptor.start(server, "admin", "the administrator's socket", this::serve);
  }

  /**
   * Listens; the socket of a daemon before is replaced.
   *
   * @param answers what is answered to which question; must not block
   * @param user whose processes are served
   * @throws IOException if it cannot listen
   */
  public static AdminServer start(Path path, Map<String, Supplier<String>> answers, int user)
      throws IOException {
    return new AdminServer(UnixServer.listen(path), answers, user);
  }

  /** Whether the connection is kept. */
  private boolean serve(UnixConnection connection) {
    try {
      if (connection.peerUid() != user) {
        log.warn(
            "a process of another user connected to the administrator's socket and was turned away");
        return false;
      }
      Deadline deadline = Deadline.after(EXCHANGE);
      String question = AdminMessage.receive(connection, deadline);
      if (question.equals(STANDBY)) {
        return keep(connection, deadline);
      }
      Supplier<String> answer = answers.get(question);
      AdminMessage.send(
          connection, answer == null ? "{\"error\":\"unknown question\"}" : answer.get(), deadline);
    } catch (IOException e) {
      log.debug("a question was not answered: {}", e.getMessage());
    }
    return false;
  }

  /** The first that stands by is the heir; another may ask again when that one is gone. */
  private boolean keep(UnixConnection connection, Deadline deadline) throws IOException {
    synchronized (lock) {
      if (hasStandby()) {
        return false;
      }
      AdminMessage.send(connection, CHOSEN, deadline);
      if (successor != null) {
        successor.close();
      }
      successor = connection;
    }
    log.info("a standby is ready to take over");
    return true;
  }

  /** Whether somebody waits to take over. */
  public boolean hasStandby() {
    synchronized (lock) {
      return successor != null && !successor.peerGone();
    }
  }

  /**
   * Passes the listening socket to a standby.
   *
   * @return whether one took it
   */
  public boolean handOver(int listener) {
    synchronized (lock) {
      UnixConnection to = successor;
      successor = null;
      if (to == null || to.peerGone()) {
        return false;
      }
      try (to) {
        AdminMessage.send(to, LISTENER, listener, Deadline.after(EXCHANGE));
        return true;
      } catch (IOException e) {
        log.warn("the standby did not take the listening socket: {}", e.getMessage());
        return false;
      }
    }
  }

  @Override
  public void close() {
    acceptor.close();
    synchronized (lock) {
      if (successor != null) {
        successor.close();
        successor = null;
      }
    }
  }
}
