package io.millpond.node.life;

import io.millpond.linux.unix.FileLock;
import io.millpond.linux.unix.UnixServer;
import io.millpond.node.admin.AdminClient;
import java.io.IOException;
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
 * @param lock held until the process ends
 * @param listener the socket that plugins connect to, or empty if there is none to take over
 */
public record Turn(FileLock lock, Optional<UnixServer> listener) {
  private static final Logger log = LoggerFactory.getLogger(Turn.class);
  private static final Duration LOOK = Duration.ofMillis(100);
  private static final Duration VERY_LONG = Duration.ofHours(24);

  /**
   * Takes the turn, at once or when the daemon that has it ends. A standby binds no port.
   *
   * @throws IOException if the lock's file cannot be used
   */
  public static Turn take(Path runDirectory) throws IOException, InterruptedException {
    Path lockFile = runDirectory.resolve("lock");
    Optional<FileLock> free = FileLock.tryLock(lockFile);
    if (free.isPresent()) {
      return new Turn(free.get(), Optional.empty());
    }
    log.info("another daemon serves this node: standing by");
    AtomicReference<@Nullable UnixServer> handed = new AtomicReference<>();
    Thread listening =
        Thread.ofPlatform()
            .daemon()
            .name("standby")
            .start(() -> listen(runDirectory.resolve("admin.sock"), handed));
    while (true) {
      Optional<FileLock> lock = FileLock.tryLock(lockFile);
      if (lock.isPresent()) {
        listening.interrupt();
        UnixServer listener = handed.get();
        log.info(
            listener == null
                ? "the daemon before is gone without a hand-over: taking over"
                : "the daemon before handed its socket over: taking over");
        return new Turn(lock.get(), Optional.ofNullable(listener));
      }
      Thread.sleep(LOOK);
    }
  }

  private static void listen(Path socket, AtomicReference<@Nullable UnixServer> handed) {
    while (handed.get() == null && !Thread.currentThread().isInterrupted()) {
      try {
        AdminClient.awaitListener(socket, VERY_LONG).ifPresent(handed::set);
      } catch (IOException e) {
        log.debug("no daemon to stand by for at this moment: {}", e.getMessage());
      }
      try {
        Thread.sleep(LOOK);
      } catch (InterruptedException e) {
        return;
      }
    }
  }
}
