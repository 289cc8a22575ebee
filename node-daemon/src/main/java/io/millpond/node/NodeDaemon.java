package io.millpond.node;

import io.millpond.linux.netns.Sysctl;
import io.millpond.linux.unix.Capabilities;
import io.millpond.node.cloud.Ec2Access;
import io.millpond.node.http.Metrics;
import io.millpond.node.install.CniInstallation;
import io.millpond.node.install.InvalidConflistException;
import io.millpond.node.kernel.KernelAccess;
import io.millpond.node.kubernetes.ClusterAccess;
import io.millpond.node.kubernetes.ServiceCidrs;
import io.millpond.node.life.Daemon;
import io.millpond.node.policy.NodePlacement;
import io.millpond.node.settings.Settings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The daemon as a process: started by main, stopped by a signal. */
final class NodeDaemon {
  private static final Logger log = LoggerFactory.getLogger(NodeDaemon.class);

  /** A resource of the node cannot be used; a restart may help. */
  private static final int EXIT_RESOURCE = 71;

  /** A bug; a restart may help. */
  private static final int EXIT_BUG = 70;

  private static final int ROOT = 0;

  private NodeDaemon() {}

  static int runUntilStopped(Settings settings)
      throws InterruptedException, InvalidConflistException {
    CniInstallation installation =
        new CniInstallation(settings.installation(), plugin(), settings.daemon().reconcilePeriod());
    log.info("millpond {} starts as process {}", Version.current(), ProcessHandle.current().pid());
    sayWhatItMayDo();
    Sysctl.root(settings.daemon().sysctlDir());
    Metrics metrics = new Metrics();
    ClusterAccess.Found found = new ClusterAccess(settings.kubernetes(), System.getenv()).find();
    NodePlacement placement = new NodePlacement(settings.cloud(), withoutKubernetes(found));
    Daemon daemon =
        new Daemon(
            settings,
            new Ec2Access(settings.cloud(), placement, metrics),
            KernelAccess.LINUX,
            metrics,
            ROOT,
            installation,
            found,
            new ServiceCidrs(settings.network().serviceCidrs(), System.getenv()),
            placement);
    AtomicInteger exit = new AtomicInteger();
    Runtime.getRuntime()
        .addShutdownHook(Thread.ofPlatform().name("stop").unstarted(() -> stop(daemon, exit)));
    try {
      daemon.start();
    } catch (IOException e) {
      log.error("the daemon cannot start: {}", e.getMessage(), e);
      exit.set(EXIT_RESOURCE);
      return EXIT_RESOURCE;
    } catch (RuntimeException e) {
      log.error("a bug: the daemon cannot start", e);
      exit.set(EXIT_BUG);
      return EXIT_BUG;
    }
    daemon.awaitStop();
    return 0;
  }

  private static Optional<String> withoutKubernetes(ClusterAccess.Found found) {
    return switch (found) {
      case ClusterAccess.Usable _ -> Optional.empty();
      case ClusterAccess.NotUsed(String reason) -> Optional.of(reason);
      case ClusterAccess.Unusable(String reason, String _) -> Optional.of(reason);
    };
  }

  /** The launcher has taken away what is not needed (docs/security.md). */
  private static void sayWhatItMayDo() {
    Capabilities capabilities;
    try {
      capabilities = Capabilities.ofThisProcess();
    } catch (IOException e) {
      log.warn("what the daemon may do is not known: {}", e.toString());
      return;
    }
    log.info("capabilities: {}", String.join(", ", capabilities.names()));
    capabilities.missing().forEach(log::warn);
    if (!capabilities.superfluous().isEmpty()) {
      log.warn(
          "the daemon may do more than it needs to ({}): start it with bin/millpondd where setpriv"
              + " (util-linux) is installed, or bound its capabilities in its unit",
          String.join(", ", capabilities.superfluous()));
    }
  }

  /** The plugin that was built with this daemon; the script that starts it says where. */
  private static Path plugin() {
    return Path.of(System.getProperty("millpond.home", "/opt/millpond"), "cni", "millpond");
  }

  private static void stop(Daemon daemon, AtomicInteger exit) {
    try {
      daemon.stop();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    // A stop that was asked for is a success, whatever signal asked; a start that failed is none.
    Runtime.getRuntime().halt(exit.get());
  }
}
