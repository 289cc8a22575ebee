package io.millpond.linux.nft;

import io.millpond.pool.value.IpAddress;
import java.io.IOException;
import java.util.regex.Pattern;

/** The table {@code inet millpond} of the node. */
public final class HostRules {
  /** nft prints a priority as the distance from the nearest one that has a name. */
  private static final Pattern PRIORITY =
      Pattern.compile("hook postrouting priority (110|srcnat \\+ 10);");

  private HostRules() {}

  /**
   * The commands that make the table anew. What pods send by their veth and what leaves the node by
   * another link than a pod's veth was translated by the node or goes to the internet: it leaves
   * with the node's address. Ports are chosen at random, after kube-proxy's own translation
   * (priority 100).
   */
  private static String commands(IpAddress node) {
    return """
        table inet millpond
        delete table inet millpond
        table inet millpond {
          chain postrouting {
            type nat hook postrouting priority 110; policy accept;
            iifname "mpd*" oifname != "mpd*" meta nfproto ipv4 counter snat ip to %s fully-random comment "millpond: pods leave the node with its address"
          }
          chain forward {
            type filter hook forward priority 0; policy accept;
            iifname "mpd*" ct state invalid counter drop comment "millpond: replies that lost their connection"
          }
        }
        """
        .formatted(node);
  }

  /** Makes the table as it must be. */
  public static void install(IpAddress node) throws IOException {
    Nft.run(commands(node));
  }

  /** Whether the table is there, whole and for this address. */
  public static boolean complete(IpAddress node) throws IOException {
    if (Nft.run("list tables inet")
        .lines()
        .noneMatch(line -> line.trim().equals("table inet millpond"))) {
      return false;
    }
    String table = Nft.run("list table inet millpond");
    return table.contains("snat ip to " + node + " fully-random")
        && table.contains("ct state invalid")
        && PRIORITY.matcher(table).find()
        && table.contains("hook forward");
  }

  /** Removes the table. */
  public static void remove() throws IOException {
    Nft.run("table inet millpond\ndelete table inet millpond\n");
  }
}
