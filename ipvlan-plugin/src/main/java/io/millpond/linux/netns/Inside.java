package io.millpond.linux.netns;

import io.millpond.linux.GracePeriods;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * A platform thread inside a network namespace that does one work after another. It keeps the
 * namespace alive until it is closed.
 */
final class Inside implements AutoCloseable {
  private final LinkedBlockingQueue<Runnable> works = new LinkedBlockingQueue<>();
  private final Thread thread;

  /** Known to the thread alone. */
  private boolean ended;

  private Inside(String name) {
    thread = Thread.ofPlatform().daemon().name(name).unstarted(this::workAll);
  }

  /** How a thread gets into its namespace. */
  @FunctionalInterface
  interface Entry {
    void enter() throws IOException;
  }

  /**
   * Starts the thread and waits until it is inside.
   *
   * @throws IOException of the entry; then the thread has ended
   */
  static Inside begin(String name, Entry entry) throws IOException {
    GracePeriods.begin();
    Inside inside = new Inside(name);
    inside.thread.start();
    boolean entered = false;
    try {
      entered =
          inside.run(
              () -> {
                entry.enter();
                return true;
              });
      return inside;
    } finally {
      if (!entered) {
        inside.close();
      }
    }
  }

  private void workAll() {
    while (!ended) {
      try {
        works.take().run();
      } catch (InterruptedException e) {
        // A work's own affair: the next one is awaited.
      }
    }
  }

  /**
   * Does the work and waits for its end.
   *
   * @throws IOException of the work
   */
  <T> T run(Netns.Work<T> work) throws IOException {
    CompletableFuture<T> done = new CompletableFuture<>();
    works.add(
        () -> {
          try {
            done.complete(work.run());
          } catch (Throwable e) {
            done.completeExceptionally(e);
          }
        });
    try {
      return done.join(); // whoever interrupts waits too: half of the work would be worse
    } catch (CompletionException e) {
      switch (e.getCause()) {
        case IOException failed -> throw failed;
        case RuntimeException failed -> throw failed;
        case Error failed -> throw failed;
        case null, default -> throw new IOException(e);
      }
    }
  }

  /** Ends the thread, and with it its hold on the namespace. */
  @Override
  public void close() {
    works.add(() -> ended = true);
    boolean interrupted = false;
    while (true) {
      try {
        thread.join();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
