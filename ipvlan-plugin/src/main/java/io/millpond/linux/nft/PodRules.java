package io.millpond.linux.nft;

import java.io.IOException;

/**
 * The table {@code inet millpond} of a pod: what came in by the veth goes out by the veth, what
 * came in by the ENI goes out by the ENI. Marks are masked, so that other software's bits survive.
 */
public final class PodRules {
  /** The bits of packet and connection marks that are ours inside pods. */
  public static final long MASK = 0x0300_0000L;

  /** The flow came in by the veth. */
  public static final long VETH = 0x0100_0000L;

  /** The flow came in by the ENI. */
  public static final long ENI = 0x0200_0000L;

  private static final String RULES =
      """
      create table inet millpond
      add set inet millpond veths { type ifname; }
      add set inet millpond enis { type ifname; }
      add chain inet millpond prerouting { type filter hook prerouting priority -151; }
      add rule inet millpond prerouting iifname @veths ct state new ct mark set ct mark and 0xfcffffff or 0x01000000
      add rule inet millpond prerouting iifname @enis ct state new ct mark set ct mark and 0xfcffffff or 0x02000000
      add rule inet millpond prerouting iifname @veths meta mark set meta mark and 0xfcffffff or 0x01000000
      add rule inet millpond prerouting iifname @enis meta mark set meta mark and 0xfcffffff or 0x02000000
      add chain inet millpond output { type route hook output priority -140; }
      add rule inet millpond output ct mark and 0x03000000 == 0x01000000 meta mark set meta mark and 0xfcffffff or 0x01000000
      add rule inet millpond output ct mark and 0x03000000 == 0x02000000 meta mark set meta mark and 0xfcffffff or 0x02000000
      """;

  private PodRules() {}

  /**
   * Adds the rules for a pair of interfaces, in the pod's namespace. A table that an earlier
   * attachment left is replaced.
   */
  public static void add(String veth, String eni) throws IOException {
    String commands =
        RULES
            + "add element inet millpond veths { \"%s\" }\nadd element inet millpond enis { \"%s\" }\n"
                .formatted(veth, eni);
    try {
      Nft.run(commands);
    } catch (IOException e) {
      if (!present()) {
        throw e;
      }
      remove();
      Nft.run(commands);
    }
  }

  /** Takes the table away, if it is there. */
  public static void remove() throws IOException {
    Nft.run("add table inet millpond\ndelete table inet millpond\n");
  }

  /** Whether the table is there with the interfaces in its sets. */
  public static boolean complete(String veth, String eni) throws IOException {
    if (!present()) {
      return false;
    }
    String table = Nft.run("list table inet millpond");
    return table.contains("\"" + veth + "\"")
        && table.contains("\"" + eni + "\"")
        && table.contains("chain prerouting")
        && table.contains("chain output");
  }

  private static boolean present() throws IOException {
    return Nft.run("list tables inet")
        .lines()
        .anyMatch(line -> line.trim().equals("table inet millpond"));
  }
}
