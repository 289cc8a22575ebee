package io.millpond.simulator.fabric;

import static io.millpond.simulator.fabric.NetworkCommands.ip;
import static io.millpond.simulator.fabric.NetworkCommands.ipWhateverFails;
import static io.millpond.simulator.fabric.NetworkCommands.run;
import static io.millpond.simulator.fabric.NetworkCommands.tryRun;

import io.millpond.simulator.fabric.NetworkCommands.Outcome;
import io.millpond.simulator.model.Ipv4;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.List;
import java.util.Optional;

/**
 * The network namespace of the VPC itself and the management link, by which the namespace this
 * process runs in reaches the control API.
 */
public final class VpcNamespace implements AutoCloseable {
  /** What the management link's end outside is called; a number follows. */
  static final String OUTSIDE_LINK = "vpcsim";

  private static final String INSIDE_LINK = "mgmt0";
  private static final int LENGTH = 30;
  private static final int SLOTS = 64;
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
      made.manage(name);
      return made;
    } catch (FabricException e) {
      made.close();
      throw e;
    }
  }

  /**
   * Where the control API listens: this process's end of the management link.
   *
   * @throws FabricException if this process is not in the namespace of a VPC
   */
  public static String managementAddress() {
    try {
      NetworkInterface link = NetworkInterface.getByName(INSIDE_LINK);
      if (link != null) {
        Optional<String> address =
            link.inetAddresses()
                .filter(Inet4Address.class::isInstance)
                .map(InetAddress::getHostAddress)
                .findFirst();
        if (address.isPresent()) {
          return address.get();
        }
      }
    } catch (SocketException e) {
      throw new FabricException("cannot read the address of " + INSIDE_LINK, e);
    }
    throw new FabricException(
        "there is no management link " + INSIDE_LINK + ": not in the namespace of a VPC");
  }

  /** The first link and addresses that no other simulator has here. */
  private void manage(String name) {
    for (int slot = 0; slot < SLOTS; slot++) {
      String outside = OUTSIDE_LINK + slot;
      // Made here: that the name is free, and then ours, is one step.
      Outcome made =
          tryRun(
              List.of(
                  "ip",
                  "link",
                  "add",
                  outside,
                  "type",
                  "veth",
                  "peer",
                  "name",
                  INSIDE_LINK,
                  "netns",
                  name),
              "");
      if (made.status() == 0) {
        Ipv4 network = FabricAddresses.MANAGEMENT.network().plus(slot << (32 - LENGTH));
        run(List.of("ip", "addr", "add", network.plus(1) + "/" + LENGTH, "dev", outside), "");
        run(List.of("ip", "link", "set", outside, "up"), "");
        ip(
            name,
            List.of(
                "addr add %s/%d dev %s".formatted(network.plus(2), LENGTH, INSIDE_LINK),
                "link set %s up".formatted(INSIDE_LINK)));
        return;
      }
      if (!made.errors().contains("File exists")) {
        throw new FabricException("cannot make " + outside + ": " + made.errors().strip());
      }
    }
    throw new FabricException(
        "%d simulators have been started from this network namespace; end one (ip link show type veth | grep %s)"
            .formatted(SLOTS, OUTSIDE_LINK));
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
