package io.millpond.node.threads;

import io.millpond.linux.unix.UnixConnection;
import io.millpond.linux.unix.UnixServer;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Accepts the connections of a Unix socket, which are served one after the other, on one thread.
 */
public final class Acceptor implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Acceptor.class);
  private static final Duration LOOK = Duration.ofMillis(200);

  private final UnixServer server;
  private final String what;
  private final Service service;
  private final Thread thread;
  private volatile boolean closed;

  /** What is done with a connection. */
  @FunctionalInterface
  public interface Service {
    /** Serves it, for a bounded time; whether it is kept, and not to be closed now. */
    boolean serve(UnixConnection connection);
  }

  private Acceptor(UnixServer server, String thread, String what, Service service) {
    this.server = server;
    this.what = what;
    this.service = service;
    this.thread = Thread.ofPlatform().daemon().name(thread).unstarted(this::acceptAll);
  }

  /**
   * Begins to accept.
   *
   * @param server is closed with this
   * @param thread its name
   * @param what the socket is called in the log
   */
  public static Acceptor start(UnixServer server, String thread, String what, Service service) {
    Acceptor acceptor = new Acceptor(server, thread, what, service);
    acceptor.thread.start();
    return acceptor;
  }

  private void acceptAll() {
    while (!closed) {
      try {
        Optional<UnixConnection> connection = server.accept(LOOK);
        connection.ifPresent(this::serve);
      } catch (IOException e) {
        if (!closed) {
          log.warn("{}: {}", what, e.getMessage());
          pause();
        }
      }
    }
  }

  private void serve(UnixConnection connection) {
    boolean kept = false;
    try {
      kept = service.serve(connection);
    } catch (RuntimeException e) {
      log.error("a bug on {}", what, e);
    } finally {
      if (!kept) {
        connection.close();
      }
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

  /** Returns when nobody is served any more. */
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
