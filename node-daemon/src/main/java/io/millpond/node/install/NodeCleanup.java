package io.millpond.node.install;

import io.millpond.linux.unix.FileLock;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One round of taking millpond off a node to which no daemon of it will come back, as after {@code
 * helm uninstall}. While a daemon serves nothing is done, and while something is done none can
 * begin: the daemon's lock is held. So a node to which millpond is installed again meanwhile is
 * left alone, and no mark is needed that would keep it away.
 *
 * @param removed what is gone, for people
 * @param left why something is still there, with what to do; empty if the node is clean
 */
public record NodeCleanup(List<String> removed, List<String> left) {
  /** Of the run directory; the lock stays, or two processes could hold two of them. */
  private static final List<String> SOCKETS = List.of("cni.sock", "admin.sock");

  private static final String SPOOL = "spool";

  /** Copies the lists. */
  public NodeCleanup {
    removed = List.copyOf(removed);
    left = List.copyOf(left);
  }

  /**
   * Removes what can be removed. May be repeated.
   *
   * @param runDirectory the daemon's
   * @throws IOException if a file cannot be written, or a file or the kernel cannot be read
   */
  public static NodeCleanup round(
      Path confDir,
      Path binDir,
      Path runDirectory,
      Uninstallation.AttachedPods pods,
      KernelCleanup.Traces traces)
      throws IOException {
    if (!Files.isDirectory(runDirectory)) {
      return underLock(confDir, binDir, runDirectory, pods, traces);
    }
    Optional<FileLock> free = FileLock.tryLock(runDirectory.resolve("lock"));
    if (free.isEmpty()) {
      return new NodeCleanup(
          List.of(), List.of("a daemon serves this node, and nothing is removed while it does"));
    }
    try (FileLock _ = free.get()) {
      return underLock(confDir, binDir, runDirectory, pods, traces);
    }
  }

  private static NodeCleanup underLock(
      Path confDir,
      Path binDir,
      Path runDirectory,
      Uninstallation.AttachedPods pods,
      KernelCleanup.Traces traces)
      throws IOException {
    Uninstallation files = Uninstallation.withoutMark(confDir, binDir, pods);
    List<String> removed = new ArrayList<>(files.removed().stream().map(Path::toString).toList());
    if (files.left().isEmpty()) {
      removed.addAll(traces.remove());
      delete(Uninstallation.mark(confDir), removed);
      for (String socket : SOCKETS) {
        delete(runDirectory.resolve(socket), removed);
      }
      deleteSpool(runDirectory.resolve(SPOOL), removed);
    }
    return new NodeCleanup(removed, files.left());
  }

  private static void delete(Path file, List<String> removed) throws IOException {
    if (Files.deleteIfExists(file)) {
      removed.add(file.toString());
    }
  }

  /** No pod is attached: the DELs in it have nothing to take back. */
  private static void deleteSpool(Path spool, List<String> removed) throws IOException {
    if (!Files.isDirectory(spool, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    for (Path directory : List.of(spool.resolve("unreadable"), spool)) {
      if (Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
          for (Path file : files) {
            Files.delete(file);
          }
        }
        Files.delete(directory);
      }
    }
    removed.add(spool.toString());
  }
}
