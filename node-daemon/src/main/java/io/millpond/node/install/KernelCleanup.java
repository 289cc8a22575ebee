package io.millpond.node.install;

import io.millpond.linux.unix.FileLock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Takes out of the kernel what a daemon leaves there, once no pod is attached. Not while one runs:
 * it would put all back. The daemon's lock is held meanwhile, so that none begins.
 *
 * @param removed what is gone, one sentence each
 * @param left why something is still there, with what to do; empty if all is gone
 */
public record KernelCleanup(List<String> removed, List<String> left) {
  /** Copies the lists. */
  public KernelCleanup {
    removed = List.copyOf(removed);
    left = List.copyOf(left);
  }

  /** What is in the kernel. */
  @FunctionalInterface
  public interface Traces {
    /** Removes it: what was there, one sentence each. */
    List<String> remove() throws IOException;
  }

  /**
   * Removes it, if no daemon runs. May be repeated.
   *
   * @param runDirectory the daemon's, which has its lock; need not be there
   * @throws IOException if the lock's file cannot be opened, or the kernel refuses
   */
  public static KernelCleanup run(Path runDirectory, Traces traces) throws IOException {
    if (!Files.isDirectory(runDirectory)) {
      return new KernelCleanup(traces.remove(), List.of());
    }
    Optional<FileLock> free = FileLock.tryLock(runDirectory.resolve("lock"));
    if (free.isEmpty()) {
      return new KernelCleanup(
          List.of(),
          List.of(
              "a daemon runs and would put the node's routes and nf_tables rules back: stop it, and"
                  + " then run this again to remove them"));
    }
    try (FileLock _ = free.get()) {
      return new KernelCleanup(traces.remove(), List.of());
    }
  }
}
