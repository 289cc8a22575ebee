package io.millpond.simulator.fabric;

import static io.millpond.simulator.fabric.NetworkCommands.ip;
import static io.millpond.simulator.fabric.NetworkCommands.ipWhateverFails;
import static io.millpond.simulator.fabric.NetworkCommands.run;
import static io.millpond.simulator.fabric.NetworkCommands.tryRun;

import java.util.List;

/**
 * The network namespace of the VPC itself and the management link, by which the namespace this
 * process runs in reaches the control API.
 */
public final class VpcNamespace implements AutoCloseable {
  /** The management link's end outside. */
  static final String OUTSIDE_LINK = "vpcsim0";

  private static final String INSIDE_LINK = "mgmt0";
  private static final int LENGTH = 30;
  private static final int LAST_WORDS_MILLIS = 15_000;

  private final Namespaces namespaces;

  private VpcNamespace(Namespaces namespaces) {
    this.namespaces = namespaces;
  }

  /**
   * Removes what an earlier run left behind, waiting a while if that run is just ending, and makes
   * everything anew.
   *
   * @throws FabricException if a simulator still runs there, or it cannot be made
   */
  public static VpcNamespace create(String name) {
    Namespaces namespaces = new Namespaces(name);
    if (Namespaces.exists(name)) {
      awaitEmpty(name);
    }
    VpcNamespace made = new VpcNamespace(namespaces);
    made.close();
    try {
      namespaces.add(name);
      // Made inside, with the other end handed out: a link of that name here is an error, not ours.
      run(
          List.of(
              "ip",
              "link",
              "add",
              OUTSIDE_LINK,
              "type",
              "veth",
              "peer",
              "name",
              INSIDE_LINK,
              "netns",
              name),
          "");
      run(
          List.of(
              "ip",
              "addr",
              "add",
              FabricAddresses.MANAGEMENT_OUTSIDE + "/" + LENGTH,
              "dev",
              OUTSIDE_LINK),
          "");
      run(List.of("ip", "link", "set", OUTSIDE_LINK, "up"), "");
      ip(
          name,
          List.of(
              "addr add %s/%d dev %s"
                  .formatted(FabricAddresses.MANAGEMENT_INSIDE, LENGTH, INSIDE_LINK),
              "link set %s up".formatted(INSIDE_LINK)));
      return made;
    } catch (FabricException e) {
      made.close();
      throw e;
    }
  }

  /** Removes the namespace, the management link, and every namespace the fabric made. */
  @Override
  public void close() {
    for (String name : namespaces.ours()) {
      // Deleted by name, a link vanishes at once; with its namespace, only some time later.
      ipWhateverFails(name, List.of("link del " + INSIDE_LINK));
    }
    namespaces.deleteAll();
  }

  private static void awaitEmpty(String name) {
    long deadline = System.nanoTime() + LAST_WORDS_MILLIS * 1_000_000L;
    String pids = pids(name);
    while (!pids.isEmpty()) {
      if (System.nanoTime() > deadline) {
        throw new FabricException(
            "a simulator still runs in the network namespace "
                + name
                + " (process "
                + pids.replace("\n", ", ")
                + "); end it, or choose another namespace in the configuration");
      }
      try {
        Thread.sleep(200);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new FabricException("interrupted while waiting for an earlier simulator", e);
      }
      pids = pids(name);
    }
  }

  private static String pids(String name) {
    return tryRun(List.of("ip", "netns", "pids", name), "").output().strip();
  }
}
