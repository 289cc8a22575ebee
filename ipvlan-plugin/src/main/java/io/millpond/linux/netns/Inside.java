package io.millpond.linux.netns;

import io.millpond.linux.GracePeriods;
import java.io.IOException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * A platform thread inside a network namespace that does one work after another. It keeps the
 * namespace alive until it is closed.
 */
final class Inside implements AutoCloseable {
  private static final FutureTask<Boolean> END = new FutureTask<>(() -> true);

  private final LinkedBlockingQueue<FutureTask<?>> works = new LinkedBlockingQueue<>();
  private final Thread thread;

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
    while (true) {
      try {
        FutureTask<?> work = works.take();
        if (work == END) {
          return;
        }
        work.run();
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
    FutureTask<T> task = new FutureTask<>(work::run);
    works.add(task);
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return task.get();
        } catch (InterruptedException e) {
          interrupted = true; // the work is short, and half of it done would be worse
        }
      }
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case IOException failed -> throw failed;
        case RuntimeException failed -> throw failed;
        case Error failed -> throw failed;
        case null, default -> throw new IOException(e);
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Ends the thread, and with it its hold on the namespace. */
  @Override
  public void close() {
    works.add(END);
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
