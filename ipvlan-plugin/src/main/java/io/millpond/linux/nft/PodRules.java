package io.millpond.linux.nft;

import io.millpond.pool.value.IpAddress;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The table {@code inet millpond} of a pod: what came in by the veth goes out by the veth, what
 * came in by the ENI goes out by the ENI, and what was routed to the interface of another
 * attachment than the one whose address it has goes out by the interface of its own. Marks are
 * masked, so that other software's bits survive.
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
      add set inet millpond own { type ipv4_addr . ifname; }
      add chain inet millpond prerouting { type filter hook prerouting priority -151; }
      add rule inet millpond prerouting iifname @veths ct state new ct mark set ct mark and 0xfcffffff or 0x01000000
      add rule inet millpond prerouting iifname @enis ct state new ct mark set ct mark and 0xfcffffff or 0x02000000
      add rule inet millpond prerouting iifname @veths meta mark set meta mark and 0xfcffffff or 0x01000000
      add rule inet millpond prerouting iifname @enis meta mark set meta mark and 0xfcffffff or 0x02000000
      add chain inet millpond output { type route hook output priority -140; }
      add rule inet millpond output ct mark and 0x03000000 == 0x01000000 meta mark set meta mark and 0xfcffffff or 0x01000000
      add rule inet millpond output ct mark and 0x03000000 == 0x02000000 meta mark set meta mark and 0xfcffffff or 0x02000000
      add rule inet millpond output ip saddr . oifname @own accept
      add rule inet millpond output meta nfproto ipv4 meta mark and 0x03000000 == 0 oifname @enis meta mark set meta mark or 0x02000000
      add rule inet millpond output meta nfproto ipv4 meta mark and 0x03000000 == 0 oifname @veths meta mark set meta mark or 0x01000000
      """;

  private PodRules() {}

  /** Whether a link's name can stand in commands: a pod can give its links strange ones. */
  public static boolean isName(String link) {
    return !link.isEmpty() && link.indexOf('"') < 0;
  }

  /** The interfaces of an attachment, and their address. */
  public record Member(String veth, String eni, IpAddress address) {
    /**
     * Looks at the names.
     *
     * @throws IllegalArgumentException if one would end a string of nf_tables' language
     */
    public Member {
      if (!isName(veth) || !isName(eni)) {
        throw new IllegalArgumentException("no names for nf_tables: " + veth + ", " + eni);
      }
    }

    private String elements(String verb) {
      return """
          VERB element inet millpond veths { "%s" }
          VERB element inet millpond enis { "%s" }
          VERB element inet millpond own { %s . "%s", %s . "%s" }
          """
          .formatted(veth, eni, address, veth, address, eni)
          .replace("VERB", verb);
    }

    private boolean isIn(String table) {
      String own = set(table, "own");
      return set(table, "veths").contains("\"%s\"".formatted(veth))
          && set(table, "enis").contains("\"%s\"".formatted(eni))
          && own.contains("%s . \"%s\"".formatted(address, veth))
          && own.contains("%s . \"%s\"".formatted(address, eni));
    }

    private static String set(String table, String name) {
      int begin = Math.max(0, table.indexOf("set " + name + " {"));
      int end = table.indexOf("\n\t}", begin);
      return end < 0 ? "" : table.substring(begin, end);
    }
  }

  /**
   * Adds an attachment, in the pod's namespace. A table that is not whole, or that an earlier
   * attachment left, is made anew.
   *
   * @param others the pod's other attachments, which are to be in the table
   */
  public static void add(Member member, List<Member> others) throws IOException {
    String commands = others.isEmpty() ? RULES + member.elements("add") : member.elements("add");
    try {
      Nft.run(commands);
    } catch (IOException e) {
      if (others.isEmpty() && !present()) {
        throw e;
      }
      List<Member> all = new ArrayList<>(others);
      all.add(member);
      renew(all);
    }
  }

  /** Makes the table anew, in one transaction. */
  public static void renew(List<Member> members) throws IOException {
    StringBuilder commands =
        new StringBuilder("add table inet millpond\ndelete table inet millpond\n").append(RULES);
    members.forEach(member -> commands.append(member.elements("add")));
    Nft.run(commands.toString());
  }

  /**
   * Takes an attachment away.
   *
   * @param others the pod's other attachments; without any the table goes
   */
  public static void remove(Member member, List<Member> others) throws IOException {
    if (others.isEmpty()) {
      Nft.run("add table inet millpond\ndelete table inet millpond\n");
      return;
    }
    try {
      // Elements that are not there cannot be deleted.
      Nft.run(member.elements("add") + member.elements("delete"));
    } catch (IOException e) {
      if (present()) {
        renew(others);
      }
    }
  }

  /** Whether the table is there, with the attachment in its sets. */
  public static boolean complete(Member member) throws IOException {
    if (!present()) {
      return false;
    }
    String table = Nft.run("list table inet millpond");
    return member.isIn(table)
        && table.contains("chain prerouting")
        && table.contains("chain output")
        && table.contains("ip saddr . oifname @own accept");
  }

  private static boolean present() throws IOException {
    return Nft.run("list tables inet")
        .lines()
        .anyMatch(line -> line.trim().equals("table inet millpond"));
  }
}
