package io.millpond.node.life;

import io.millpond.linux.unix.FileLock;
import io.millpond.linux.unix.UnixServer;
import io.millpond.node.admin.AdminClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The right to be the node's daemon: the lock, and the listening socket if the daemon before handed
 * it over.
 *
 * @param lock held until the turn is closed or the process ends
 * @param listener the socket that plugins connect to, or empty if there is none to take over
 */
public record Turn(FileLock lock, Optional<UnixServer> listener) implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Turn.class);
  private static final Duration LOOK = Duration.ofMillis(100);
  private static final Duration SOON = Duration.ofMillis(5);
  private static final Duration VERY_LONG = Duration.ofHours(24);

  /** The daemon before has ended when its lock is free: its last word is on its way at most. */
  private static final Duration LAST_WORD = Duration.ofSeconds(5);

  /** Hears how it stands with a daemon that waits for its turn. */
  @FunctionalInterface
  public interface Waiting {
    /**
     * @param heir whether the daemon before is going to hand over to this one
     */
    void standsBy(boolean heir);
  }

  /**
   * Takes the turn, at once or when the daemon that has it ends. A standby binds no port.
   *
   * @param waiting told at once if it has to wait, and whenever that changes; by any thread
   * @throws IOException if the lock's file cannot be used
   */
  public static Turn take(Path runDirectory, Waiting waiting)
      throws IOException, InterruptedException {
    Path lockFile = runDirectory.resolve("lock");
    Optional<FileLock> free = FileLock.tryLock(lockFile);
    if (free.isPresent()) {
      return new Turn(free.get(), Optional.empty());
    }
    log.info("another daemon serves this node: standing by");
    waiting.standsBy(false);
    Heir heir = new Heir(runDirectory.resolve("admin.sock"), waiting);
    while (true) {
      Optional<FileLock> lock = FileLock.tryLock(lockFile);
      if (lock.isPresent()) {
        Optional<UnixServer> listener = heir.inheritance();
        log.info(
            listener.isEmpty()
                ? "the daemon before is gone without a hand-over: taking over"
                : "the daemon before handed its socket over: taking over");
        return new Turn(lock.get(), listener);
      }
      Thread.sleep(heir.chosen() ? SOON : LOOK);
    }
  }

  /** Waits for the listening socket of the daemon before, on a thread of its own. */
  private static final class Heir {
    private final Path admin;
    private final Waiting waiting;
    private final AtomicReference<@Nullable Handed> handed = new AtomicReference<>();
    private final Thread thread;

    /** The socket, and which administrator's socket it came from. */
    private record Handed(UnixServer listener, Object from) {}

    Heir(Path admin, Waiting waiting) {
      this.admin = admin;
      this.waiting = waiting;
      thread = Thread.ofPlatform().daemon().name("standby").start(this::listen);
    }

    private void listen() {
      while (!Thread.currentThread().isInterrupted()) {
        try {
          Thread.sleep(LOOK);
          if (handed.get() == null) {
            Object from = inode();
            AdminClient.awaitListener(admin, VERY_LONG, () -> waiting.standsBy(true))
                .ifPresent(listener -> handed.set(new Handed(listener, from)));
          }
        } catch (IOException e) {
          log.debug("no daemon to stand by for at this moment: {}", e.getMessage());
          waiting.standsBy(false);
        } catch (InterruptedException e) {
          return;
        }
      }
    }

    private Object inode() throws IOException {
      return Files.getAttribute(admin, "unix:ino");
    }

    /** Whether the daemon before has chosen this one. If another was quicker, it serves. */
    boolean chosen() {
      Handed socket = handed.get();
      if (socket == null) {
        return false;
      }
      try {
        if (inode().equals(socket.from())) {
          return true;
        }
      } catch (IOException e) {
        return true; // nobody is in its place
      }
      log.warn("another standby took over before this one: standing by for it");
      waiting.standsBy(false);
      handed.set(null);
      socket.listener().close();
      return false;
    }

    /** The socket, if one came. */
    Optional<UnixServer> inheritance() throws InterruptedException {
      thread.interrupt();
      thread.join(LAST_WORD);
      return Optional.ofNullable(handed.get()).map(Handed::listener);
    }
  }

  /** The next may have it. */
  @Override
  public void close() {
    lock.close();
  }
}
