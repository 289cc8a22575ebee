package io.millpond.node.install;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.millpond.cni.ConfigurationList;
import io.millpond.node.settings.Settings;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Installs the plugin, and then the network configuration that makes runtimes call it, once pods
 * can be attached; from then on it only looks. What is installed stays while the daemon is unready,
 * restarts or ends, because pods that run need the plugin for their DEL. What somebody removed is
 * not put back before the next start: whoever removes it means it. After {@code millpond-ctl
 * uninstall} nothing is put back, not even by the next daemon, before somebody installs again.
 */
public final class CniInstallation implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(CniInstallation.class);
  private static final Duration LOOK = Duration.ofMillis(200);

  /** CIS benchmarks ask for no more; every runtime that reads it is root. */
  private static final String CONFLIST_MODE = "rw-------";

  private static final String PLUGIN_MODE = "rwxr-xr-x";

  private final Settings.Installation where;
  private final Conflist conflist;
  private final Path plugin;
  private final Duration period;
  private volatile List<String> findings = List.of();
  private volatile boolean installed;
  private @Nullable Thread thread;

  /**
   * Nothing happens before {@link #start}.
   *
   * @param plugin the plugin that comes with this daemon
   * @param period between two looks
   * @throws InvalidConflistException if the administrator's configuration cannot be used
   */
  public CniInstallation(Settings.Installation where, Path plugin, Duration period)
      throws InvalidConflistException {
    this.where = where;
    this.plugin = plugin;
    this.period = period;
    this.conflist =
        where.confDir().isPresent() ? Conflist.of(where.conflist()) : Conflist.builtIn();
  }

  /** Begins to wait until pods can be attached. */
  public synchronized void start(BooleanSupplier ready) {
    if (where.confDir().isPresent() || where.binDir().isPresent()) {
      thread = Thread.ofPlatform().daemon().name("installation").start(() -> keep(ready));
    }
  }

  private void keep(BooleanSupplier ready) {
    try {
      while (!ready.getAsBoolean()) {
        Thread.sleep(LOOK);
      }
      while (true) {
        report(look());
        Thread.sleep(period);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** What is wrong with what is installed, with remedies. */
  public List<String> findings() {
    return findings;
  }

  private void report(List<String> now) {
    List<String> before = findings;
    findings = List.copyOf(now);
    now.stream()
        .filter(one -> !before.contains(one))
        .forEach(one -> log.warn("cannot be put right: {}", one));
    before.stream()
        .filter(one -> !now.contains(one))
        .forEach(one -> log.info("no longer so: {}", one));
  }

  /** One round: installs what is not installed yet; what is wrong then. */
  List<String> look() {
    Optional<Path> uninstalled =
        where.confDir().map(Uninstallation::mark).filter(mark -> Files.exists(mark));
    if (uninstalled.isPresent()) {
      installed = false;
      return List.of(
          "millpond was uninstalled on this node, and this daemon installs nothing: stop it, or to"
              + " have millpond back remove "
              + uninstalled.get());
    }
    try {
      install();
    } catch (IOException e) {
      return List.of(
          "the plugin cannot be installed, and runtimes cannot attach pods: "
              + Refusal.why(e)
              + again());
    }
    if (where.confDir().isEmpty()) {
      return List.of();
    }
    try {
      return judge(where.confDir().get());
    } catch (IOException e) {
      return List.of(
          "it is not known which network runtimes use, because "
              + where.confDir().get()
              + " cannot be read: "
              + Refusal.why(e)
              + again());
    }
  }

  private void install() throws IOException {
    if (installed) {
      return;
    }
    if (where.binDir().isPresent()) {
      installPlugin(where.binDir().get());
    }
    if (where.confDir().isPresent()) {
      installConflist(where.confDir().get());
    }
    installed = true;
  }

  private String again() {
    return "; it is tried again every " + period.toSeconds() + " s";
  }

  /** A runtime that executes the file meanwhile gets the one or the other. */
  private void installPlugin(Path directory) throws IOException {
    byte[] wanted =
        WholeFile.read(plugin)
            .orElseThrow(() -> new IOException("this installation has no plugin " + plugin));
    Path target = directory.resolve(ConfigurationList.TYPE);
    Optional<byte[]> there = WholeFile.read(target);
    if (there.isEmpty() || !Arrays.equals(there.get(), wanted) || !Files.isExecutable(target)) {
      WholeFile.put(target, wanted, PLUGIN_MODE);
      log.info("installed {}", target);
    }
  }

  private void installConflist(Path directory) throws IOException {
    Path target = directory.resolve(Conflist.NAME);
    Optional<byte[]> there = WholeFile.read(target);
    if (there.isEmpty() || (!conflist.equalTo(there.get()) && Conflist.ours(there.get()))) {
      WholeFile.put(target, conflist.octets(), CONFLIST_MODE);
      log.info("installed {}", target);
    }
  }

  private List<String> judge(Path directory) throws IOException {
    List<String> wrong = new ArrayList<>();
    Path target = directory.resolve(Conflist.NAME);
    Optional<byte[]> there = WholeFile.read(target);
    if (there.isEmpty()) {
      wrong.add(
          target
              + " was removed: runtimes have no network of millpond's; restart millpondd to have it"
              + " back, or stop it if it is being uninstalled");
    } else if (!conflist.equalTo(there.get())) {
      wrong.add(foreign(target, there.get()));
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      EarlierConfigurations.inTheWay(files).stream()
          .map(CniInstallation::earlier)
          .forEach(wrong::add);
    }
    return wrong;
  }

  private String foreign(Path target, byte[] there) {
    List<String> problems = ConfigurationList.problems(new String(there, UTF_8));
    return target
        + " was not written by millpond, or changed since, and is left alone: runtimes attach pods"
        + " as it says"
        + (problems.isEmpty() ? "" : " (" + String.join("; ", problems) + ")")
        + "; to keep it so move it to "
        + where.conflist()
        + ", else remove it, and restart millpondd";
  }

  private static String earlier(Path file) {
    return file
        + " sorts before "
        + Conflist.NAME
        + ", so that runtimes take it and do not call millpond: remove it"
        + (file.endsWith("10-aws.conflist")
            ? ", and before it the DaemonSet aws-node, which would write it again"
            : ", and what would write it again");
  }

  @Override
  public synchronized void close() {
    if (thread != null) {
      thread.interrupt();
    }
  }
}
