package io.millpond.linux.netlink;

import io.millpond.pool.value.MacAddress;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** Messages about links: {@code struct ifinfomsg} (16 octets) and IFLA_* attributes. */
public final class Links {
  private static final int FIXED = 16;

  private Links() {}

  private static Message message(String what, int type, int flags, int index, int up) {
    return new Message(what, type, flags).u8(Rt.AF_UNSPEC).u8(0).u16(0).u32(index).u32(up).u32(up);
  }

  /**
   * Creates a veth here with its peer in another namespace. Both MACs are given: one that is made
   * up by the kernel is rewritten by udev.
   */
  public static Message createVeth(
      String name, MacAddress mac, String peer, MacAddress peerMac, int peerNetns, int mtu) {
    Message m =
        message("create veth " + name, Rt.NEWLINK, Rt.CREATE | Rt.EXCL, 0, 0)
            .attributeText(Rt.IFLA_IFNAME, name)
            .attribute(Rt.IFLA_ADDRESS, mac.toBytes())
            .attributeU32(Rt.IFLA_MTU, mtu);
    return m.nested(
        Rt.IFLA_LINKINFO,
        () ->
            m.attributeText(Rt.IFLA_INFO_KIND, "veth")
                .nested(
                    Rt.IFLA_INFO_DATA,
                    () ->
                        m.nestedRaw(
                            Rt.VETH_INFO_PEER,
                            () ->
                                m.u32(0)
                                    .u32(0)
                                    .u32(0)
                                    .u32(0)
                                    .attributeText(Rt.IFLA_IFNAME, peer)
                                    .attribute(Rt.IFLA_ADDRESS, peerMac.toBytes())
                                    .attributeU32(Rt.IFLA_MTU, mtu)
                                    .attributeU32(Rt.IFLA_NET_NS_FD, peerNetns))));
  }

  /**
   * Creates an IPvlan slave in another namespace, in mode L2 ({@code bridge}).
   *
   * @param name a name that is free in the caller's namespace too, or a template such as {@code
   *     eth%d}, which the kernel resolves in the target
   */
  public static Message createIpvlan(String name, int master, int netns, int mtu) {
    Message m =
        message("create an ipvlan slave of link " + master, Rt.NEWLINK, Rt.CREATE | Rt.EXCL, 0, 0)
            .attributeText(Rt.IFLA_IFNAME, name)
            .attributeU32(Rt.IFLA_LINK, master)
            .attributeU32(Rt.IFLA_MTU, mtu)
            .attributeU32(Rt.IFLA_NET_NS_FD, netns);
    return m.nested(
        Rt.IFLA_LINKINFO,
        () ->
            m.attributeText(Rt.IFLA_INFO_KIND, SlaveKind.name())
                .nested(Rt.IFLA_INFO_DATA, () -> SlaveKind.data(m)));
  }

  public static Message setAlias(String name, String alias) {
    return message("set the alias of " + name, Rt.SETLINK, 0, 0, 0)
        .attributeText(Rt.IFLA_IFNAME, name)
        .attribute(Rt.IFLA_IFALIAS, alias.getBytes(java.nio.charset.StandardCharsets.UTF_8));
  }

  /** Names what a link is there for; the alias of a slave in a pod is its record. */
  public static Message setAlias(int index, String alias) {
    return message("set the alias of link " + index, Rt.SETLINK, 0, index, 0)
        .attribute(Rt.IFLA_IFALIAS, alias.getBytes(java.nio.charset.StandardCharsets.UTF_8));
  }

  /** Gives a link further names; each must be free in the namespace. */
  public static Message addNames(String name, List<String> more) {
    return names(
        "give " + name + " further names",
        Rt.NEWLINKPROP,
        Rt.CREATE | Rt.EXCL | Rt.APPEND,
        name,
        more);
  }

  /** Takes further names from a link; each must be there. */
  public static Message removeNames(String name, List<String> more) {
    return names("take further names from " + name, Rt.DELLINKPROP, 0, name, more);
  }

  private static Message names(String what, int type, int flags, String name, List<String> more) {
    Message m = message(what, type, flags, 0, 0).attributeText(Rt.IFLA_IFNAME, name);
    return m.nested(
        Rt.IFLA_PROP_LIST, () -> more.forEach(one -> m.attributeText(Rt.IFLA_ALT_IFNAME, one)));
  }

  /** Creates an intermediate functional block, which queues what is redirected to it. */
  public static Message createIfb(String name) {
    Message m =
        message("create ifb " + name, Rt.NEWLINK, Rt.CREATE | Rt.EXCL, 0, 0)
            .attributeText(Rt.IFLA_IFNAME, name);
    return m.nested(Rt.IFLA_LINKINFO, () -> m.attributeText(Rt.IFLA_INFO_KIND, "ifb"));
  }

  public static Message up(int index) {
    return message("set link " + index + " up", Rt.SETLINK, 0, index, Rt.IFF_UP);
  }

  /** Renames a link that is down. */
  public static Message rename(int index, String name) {
    return message("rename link " + index + " to " + name, Rt.SETLINK, 0, index, 0)
        .attributeText(Rt.IFLA_IFNAME, name);
  }

  public static Message mtu(int index, int mtu) {
    return message("set the MTU of link " + index, Rt.SETLINK, 0, index, 0)
        .attributeU32(Rt.IFLA_MTU, mtu);
  }

  public static Message mac(int index, MacAddress mac) {
    return message("set the MAC of link " + index, Rt.SETLINK, 0, index, 0)
        .attribute(Rt.IFLA_ADDRESS, mac.toBytes());
  }

  public static Message delete(String name) {
    return message("delete link " + name, Rt.DELLINK, 0, 0, 0).attributeText(Rt.IFLA_IFNAME, name);
  }

  public static Message delete(int index) {
    return message("delete link " + index, Rt.DELLINK, 0, index, 0);
  }

  public static Message get(String name) {
    return message("look for link " + name, Rt.GETLINK, 0, 0, 0)
        .attributeText(Rt.IFLA_IFNAME, name);
  }

  public static Message get(int index) {
    return message("look for link " + index, Rt.GETLINK, 0, index, 0);
  }

  /** Looks for a link in the namespace that the id stands for. */
  public static Message getIn(int netnsId, int index) {
    return message(
            "look for link " + index + " in namespace id " + netnsId, Rt.GETLINK, 0, index, 0)
        .attributeU32(Rt.IFLA_TARGET_NETNSID, netnsId);
  }

  /** Deletes a link in the namespace that the id stands for. */
  public static Message deleteIn(int netnsId, int index) {
    return message("delete link " + index + " in namespace id " + netnsId, Rt.DELLINK, 0, index, 0)
        .attributeU32(Rt.IFLA_TARGET_NETNSID, netnsId);
  }

  /** Looks for a link in another namespace, by id. */
  public static Message dumpIn(int netnsId) {
    return message("list links of namespace id " + netnsId, Rt.GETLINK, Rt.DUMP, 0, 0)
        .attributeU32(Rt.IFLA_TARGET_NETNSID, netnsId);
  }

  public static Message dump() {
    return message("list links", Rt.GETLINK, Rt.DUMP, 0, 0);
  }

  /**
   * A link.
   *
   * @param index its number in its namespace
   * @param flags {@code IFF_*}
   * @param kind {@code veth}, {@code ipvlan}, …, empty for a device
   * @param master number of the link it hangs on ({@code IFLA_LINK}), if any
   * @param linkNetns id of the namespace of its peer or master, if that is another one; negative
   *     while that namespace dies
   * @param alternativeNames further names it is found by
   */
  public record Link(
      int index,
      int flags,
      String name,
      String kind,
      Optional<String> alias,
      Optional<MacAddress> mac,
      int mtu,
      OptionalInt master,
      OptionalInt linkNetns,
      List<String> alternativeNames) {
    /** Copies the list. */
    public Link {
      alternativeNames = List.copyOf(alternativeNames);
    }

    public boolean isUp() {
      return (flags & Rt.IFF_UP) != 0;
    }

    /** Whether it has a carrier: a veth, if its other end is up. */
    public boolean hasCarrier() {
      return (flags & Rt.IFF_LOWER_UP) != 0;
    }
  }

  /** Reads a link message; missing attributes are empty. */
  public static Link read(Reply reply) {
    Attributes a = reply.attributes(FIXED);
    return new Link(
        reply.u32(4),
        reply.u32(8),
        a.text(Rt.IFLA_IFNAME).orElse(""),
        a.nested(Rt.IFLA_LINKINFO).text(Rt.IFLA_INFO_KIND).orElse(""),
        a.text(Rt.IFLA_IFALIAS),
        a.bytes(Rt.IFLA_ADDRESS)
            .filter(b -> b.length == MacAddress.LENGTH)
            .map(MacAddress::ofBytes),
        a.u32(Rt.IFLA_MTU).orElse(0),
        a.u32(Rt.IFLA_LINK),
        a.u32(Rt.IFLA_LINK_NETNSID),
        a.nested(Rt.IFLA_PROP_LIST).texts(Rt.IFLA_ALT_IFNAME));
  }

  /** The IPvlan mode of a slave (0 is L2), if the message is about one. */
  public static OptionalInt ipvlanMode(Reply reply) {
    return reply
        .attributes(FIXED)
        .nested(Rt.IFLA_LINKINFO)
        .nested(Rt.IFLA_INFO_DATA)
        .bytes(Rt.IFLA_IPVLAN_MODE)
        .map(b -> OptionalInt.of(b.length < 1 ? -1 : b[0]))
        .orElse(OptionalInt.empty());
  }

  /** The IPvlan flags of a slave (0 is {@code bridge}), if the message is about one. */
  public static OptionalInt ipvlanFlags(Reply reply) {
    return reply
        .attributes(FIXED)
        .nested(Rt.IFLA_LINKINFO)
        .nested(Rt.IFLA_INFO_DATA)
        .bytes(Rt.IFLA_IPVLAN_FLAGS)
        .map(b -> OptionalInt.of(b.length < 1 ? -1 : b[0]))
        .orElse(OptionalInt.empty());
  }
}
