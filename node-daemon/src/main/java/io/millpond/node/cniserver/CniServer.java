package io.millpond.node.cniserver;

import io.millpond.node.kernel.Netns;
import io.millpond.node.log.LogContext;
import io.millpond.node.threads.Threads;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Accepts plugins and answers them. */
public final class CniServer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(CniServer.class);

  private static final Duration PAUSE_AFTER_FAILURE = Duration.ofMillis(100);

  private final PluginListener listener;
  private final Verbs verbs;
  private final Limits limits;
  private final int user;
  private final Semaphore places;
  private final ThreadPoolExecutor threads;
  private final Thread acceptor =
      Thread.ofPlatform().daemon().name("cni-accept").unstarted(this::acceptAll);
  private final AtomicLong number = new AtomicLong();
  private volatile boolean closed;

  /**
   * What a client may take.
   *
   * @param connections served at once; more wait in the backlog
   * @param exchange for sending its request, and again for taking its answer: a plugin does both at
   *     once, somebody who does not is none
   */
  public record Limits(int connections, Duration exchange) {
    /** So many connections, and the usual time. */
    public static Limits of(int connections) {
      return new Limits(connections, Duration.ofSeconds(5));
    }
  }

  /** What is answered to a request. */
  public interface Verbs {
    /**
     * Answers; never throws for anything that a client can send.
     *
     * @param netns closed by the server when the answer is there, before it is sent
     */
    Answer answer(ByteBuffer frame, Optional<Netns> netns, PluginConnection caller)
        throws InterruptedException;

    /**
     * An answer.
     *
     * @param reply what is sent
     * @param undo what is done if the reply cannot be delivered
     */
    @SuppressWarnings("ArrayRecordComponent") // written once, sent once
    record Answer(byte[] reply, Undo undo) {}

    /** Takes back what nobody learned of. */
    @FunctionalInterface
    interface Undo {
      /** Nothing to take back. */
      Undo NOTHING = () -> {};

      /** Takes it back; called at most once. */
      void undo() throws InterruptedException;
    }
  }

  /**
   * A server on this listener; nothing is accepted before {@link #start}.
   *
   * @param user whose processes are served: root on a node
   */
  public CniServer(PluginListener listener, Verbs verbs, Limits limits, int user) {
    this.user = user;
    this.listener = listener;
    this.verbs = verbs;
    this.limits = limits;
    this.places = new Semaphore(limits.connections());
    this.threads =
        new ThreadPoolExecutor(
            0,
            Integer.MAX_VALUE, // bounded by the places: one is free before its thread is
            1,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            Thread.ofPlatform().daemon().name("cni-", 0).factory());
  }

  /** Begins to accept. */
  public void start() {
    acceptor.start();
  }

  /** Connections that are being served, and the one that is awaited. */
  public int busy() {
    return limits.connections() - places.availablePermits();
  }

  private void acceptAll() {
    while (!closed) {
      try {
        places.acquire();
      } catch (InterruptedException e) {
        return;
      }
      try {
        begin(listener.accept());
      } catch (IOException | RuntimeException | Error e) {
        // Whatever it was (a thread too many, say), the next one may be served.
        places.release();
        if (closed) {
          return;
        }
        log.warn("a connection could not be accepted: {}", e.toString());
        pause();
      }
    }
  }

  private void begin(PluginConnection connection) {
    try {
      threads.execute(() -> serve(connection));
    } catch (RuntimeException | Error e) {
      connection.close();
      throw e;
    }
  }

  private void pause() {
    try {
      Thread.sleep(PAUSE_AFTER_FAILURE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void serve(PluginConnection connection) {
    try (connection;
        LogContext _ = LogContext.with(LogContext.REQ, "cni-" + number.incrementAndGet())) {
      if (connection.peerUid() != user) {
        log.warn(
            "a process of user {} connected to the plugins' socket and was turned away",
            connection.peerUid());
        return;
      }
      exchange(connection);
    } catch (IOException e) {
      log.warn("a plugin's request was not read or not answered: {}", e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException | Error e) {
      log.error("a bug while a request was served", e);
    } finally {
      places.release();
    }
  }

  private void exchange(PluginConnection connection) throws IOException, InterruptedException {
    PluginConnection.Incoming incoming = connection.receive(limits.exchange());
    Verbs.Answer answer = answered(incoming, connection);
    try {
      connection.send(answer.reply(), limits.exchange());
    } catch (IOException e) {
      answer.undo().undo();
      throw e;
    }
  }

  /**
   * The namespace is closed before the plugin may go on: an open descriptor would keep a dead pod's
   * address.
   */
  private Verbs.Answer answered(PluginConnection.Incoming incoming, PluginConnection connection)
      throws InterruptedException {
    try {
      return verbs.answer(incoming.frame(), incoming.netns(), connection);
    } finally {
      incoming.netns().ifPresent(Netns::close);
    }
  }

  /** Accepts no more; what is being served goes on. */
  public void stopAccepting() {
    closed = true;
    listener.close();
    Threads.end(acceptor);
  }

  /** Waits for those who are being served. */
  public boolean awaitIdle(Duration longest) throws InterruptedException {
    threads.shutdown();
    return threads.awaitTermination(longest.toMillis(), TimeUnit.MILLISECONDS);
  }

  @Override
  public void close() {
    stopAccepting();
    threads.shutdownNow();
  }
}
