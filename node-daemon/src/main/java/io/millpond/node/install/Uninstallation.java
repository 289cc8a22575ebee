package io.millpond.node.install;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.millpond.cni.ConfigurationList;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Takes the plugin away: first the network configuration, so that no pod comes any more, then the
 * plugin, if no pod needs it for its DEL. A mark says so to a daemon that starts meanwhile, which
 * would put both back; it goes with the next {@code install}.
 *
 * @param removed the files that are gone
 * @param left why others are still there, with what to do; empty if all is gone
 */
public record Uninstallation(List<Path> removed, List<String> left) {
  private static final String MARK = ".millpond-uninstalled";

  /** Copies the lists. */
  public Uninstallation {
    removed = List.copyOf(removed);
    left = List.copyOf(left);
  }

  /** The pods that are attached at this moment. */
  @FunctionalInterface
  public interface AttachedPods {
    /** Their names, or what else tells them apart. */
    List<String> now() throws IOException;
  }

  /**
   * Removes what can be removed. May be repeated.
   *
   * @throws IOException if a file cannot be written, or a file or the kernel cannot be read
   */
  public static Uninstallation run(Path confDir, Path binDir, AttachedPods pods)
      throws IOException {
    return run(confDir, binDir, pods, true);
  }

  /** As {@link #run}, where no daemon can start meanwhile: without the mark. */
  static Uninstallation withoutMark(Path confDir, Path binDir, AttachedPods pods)
      throws IOException {
    return run(confDir, binDir, pods, false);
  }

  private static Uninstallation run(Path confDir, Path binDir, AttachedPods pods, boolean marked)
      throws IOException {
    List<Path> removed = new ArrayList<>();
    List<String> left = new ArrayList<>();
    Path conflist = confDir.resolve(Conflist.NAME);
    Optional<byte[]> there = WholeFile.read(conflist);
    if (there.isPresent()
        && !Conflist.ours(there.get())
        && !Conflist.builtIn().equalTo(there.get())) {
      left.add(
          conflist
              + " was not written by millpond, or changed since: remove it yourself, and then run"
              + " this again");
      return new Uninstallation(removed, left);
    }
    if (marked) {
      WholeFile.put(
          mark(confDir),
          "millpond was uninstalled: its daemon installs nothing while this file is here.\n"
              .getBytes(UTF_8),
          "rw-r--r--");
    }
    remove(conflist, removed);
    List<String> attached = pods.now();
    if (!attached.isEmpty()) {
      left.add(
          "%d pods are attached and need %s for their DEL: drain the node or remove them, and then run this again: %s"
              .formatted(
                  attached.size(),
                  binDir.resolve(ConfigurationList.TYPE),
                  String.join(", ", attached)));
      return new Uninstallation(removed, left);
    }
    remove(binDir.resolve(ConfigurationList.TYPE), removed);
    return new Uninstallation(removed, left);
  }

  /** The file that says so; its name has no ending that runtimes read. */
  static Path mark(Path confDir) {
    return confDir.resolve(MARK);
  }

  private static void remove(Path file, List<Path> removed) throws IOException {
    if (Files.exists(file)) {
      WholeFile.remove(file);
      removed.add(file);
    }
  }
}
