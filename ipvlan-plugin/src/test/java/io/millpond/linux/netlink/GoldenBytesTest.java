package io.millpond.linux.netlink;

import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.linux.netlink.Addresses.LinkAddress;
import io.millpond.linux.netlink.Neighbours.Neighbour;
import io.millpond.linux.netlink.Routes.Route;
import io.millpond.linux.netlink.Rules.Rule;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.MacAddress;
import io.millpond.pool.value.Prefix;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

/**
 * What iproute2 6.1 sends. Each capture was made by {@code strace -e trace=sendmsg -e write=all
 * COMMAND} on a little-endian machine, in a namespace whose link 3 is a veth {@code mpdabc}; the
 * command stands with the test. The sequence number and the flags of a request (1, 4) are left out
 * of the comparison, and so is the order of attributes, which the kernel does not look at.
 */
@EnabledIf("littleEndian")
final class GoldenBytesTest {
  private static final IpAddress POD = IpAddress.parse("10.0.1.21");

  static boolean littleEndian() {
    return ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;
  }

  private static byte[] octets(String hex) {
    return HexFormat.of().parseHex(hex);
  }

  private static Reply received(String hex) {
    return Packet.split(ByteBuffer.wrap(octets(hex)), hex.length() / 2).getFirst().reply();
  }

  /** Type, flags, the fixed part, and every attribute with its octets. */
  private static String form(byte[] message, int fixed) {
    ByteBuffer in = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
    assertThat(in.getInt(0)).as("nlmsg_len").isEqualTo(message.length);
    return "type %d flags %x fixed %s attributes %s"
        .formatted(
            in.getShort(4),
            in.getShort(6) & ~(Rt.REQUEST | Rt.ACK),
            HexFormat.of().formatHex(message, 16, 16 + fixed),
            attributes(message, 16 + fixed));
  }

  private static Map<Integer, String> attributes(byte[] message, int offset) {
    Map<Integer, String> found = new TreeMap<>();
    ByteBuffer in = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
    for (int at = offset; at + 4 <= message.length; ) {
      int length = in.getShort(at) & 0xFFFF;
      String value = HexFormat.of().formatHex(message, at + 4, at + length);
      assertThat(found.put(in.getShort(at + 2) & 0x3FFF, value)).as("twice").isNull();
      at += (length + 3) & ~3;
    }
    return found;
  }

  /** For what is there already, ip says RTM_NEWLINK without NLM_F_CREATE and we RTM_SETLINK. */
  private static void sameChange(Message ours, String golden) {
    byte[] theirs = octets(golden);
    assertThat(theirs[4]).isEqualTo((byte) Rt.NEWLINK);
    theirs[4] = Rt.SETLINK;
    assertThat(form(ours.encode(7, true), 16)).isEqualTo(form(theirs, 16));
  }

  private static void same(Message ours, String golden, int fixed) {
    assertThat(form(ours.encode(7, true), fixed)).isEqualTo(form(octets(golden), fixed));
  }

  private static final String ADD_ADDRESS =
      "28000000140005069c17056b000000000218000003000000080002000a000115080001000a000115";

  /** {@code ip addr add 10.0.1.21/24 dev mpdabc} */
  @Test
  void anAddressIsAddedAndReadAsByIp() {
    same(Addresses.add(3, POD, 24), ADD_ADDRESS, 8);
    assertThat(Addresses.read(received(ADD_ADDRESS))).contains(new LinkAddress(3, POD, 24));
  }

  private static final String ADD_FURTHER_ADDRESS =
      "30000000140005060b1e0a6b000000000218000003000000080002000a00011508000900881c0000080001000a000115";

  /** {@code ip addr add 10.0.1.21/24 dev mpdabc metric 7304} */
  @Test
  void anAddressWhoseSubnetComesBehindOthersIsAddedAsByIp() {
    same(Addresses.add(3, POD, 24, 7304), ADD_FURTHER_ADDRESS, 8);
    same(Addresses.add(3, POD, 24, 0), ADD_ADDRESS, 8);
  }

  private static final String ADD_POD_ROUTE =
      "34000000180005069d17056b0000000002200000fe6dfd0100000000080001000a000116080007000a0001150800040003000000";

  /** {@code ip route add 10.0.1.22/32 dev mpdabc scope link src 10.0.1.21 proto 109} */
  @Test
  void aRouteToAPodIsReadAsByIpAndAddedWithItsTableAsAnAttributeToo() {
    Route route = Route.direct(Prefix.parse("10.0.1.22/32"), Rt.RT_TABLE_MAIN, 3).from(POD);
    assertThat(Routes.read(received(ADD_POD_ROUTE))).contains(route);
    byte[] ours = Routes.add(route).encode(7, true);
    Map<Integer, String> attributes = attributes(ours, 28);
    assertThat(attributes.remove(Rt.RTA_TABLE)).isEqualTo("fe000000");
    assertThat(attributes).isEqualTo(attributes(octets(ADD_POD_ROUTE), 28));
    assertThat(Arrays.copyOfRange(ours, 16, 28))
        .isEqualTo(Arrays.copyOfRange(octets(ADD_POD_ROUTE), 16, 28));
  }

  private static final String ADD_VIA =
      "3c000000180005069d17056b0000000002100000006d000104000000080001000a080000080005000a00010108000f00861c00000800040003000000";

  /** {@code ip route add 10.8.0.0/16 via 10.0.1.1 dev mpdabc onlink table 7302 proto 109} */
  @Test
  void aRouteByTheGatewayIsAddedAndReadAsByIp() {
    Route route = Route.via(Prefix.parse("10.8.0.0/16"), 7302, 3, IpAddress.parse("10.0.1.1"));
    same(Routes.add(route), ADD_VIA, 12);
    assertThat(Routes.read(received(ADD_VIA))).contains(route);
  }

  private static final String ADD_UNREACHABLE =
      "2c000000180005069e17056b0000000002200000fe6d000700000000080001000a00011e08000600ffffffff";

  /** {@code ip route add unreachable 10.0.1.30/32 metric 4294967295 proto 109} */
  @Test
  void anUnreachableRouteKeepsAllBitsOfItsMetric() {
    Route route = Route.unreachable(IpAddress.parse("10.0.1.30"), 0xFFFF_FFFFL);
    assertThat(Routes.read(received(ADD_UNREACHABLE))).contains(route);
    Map<Integer, String> attributes = attributes(Routes.add(route).encode(7, true), 28);
    assertThat(attributes.remove(Rt.RTA_TABLE)).isEqualTo("fe000000");
    assertThat(attributes).isEqualTo(attributes(octets(ADD_UNREACHABLE), 28));
  }

  private static final String ADD_RULE =
      "3c000000200005069e17056b0000000002000000000000010000000008000a0000000001080010000000000308000f00851c000008000600851c0000";

  /** {@code ip rule add fwmark 0x1000000/0x3000000 lookup 7301 pref 7301} */
  @Test
  void aRuleForAMarkIsAddedAndReadAsByIp() {
    Rule rule = new Rule(7301, Optional.empty(), 0x0100_0000, 0x0300_0000, 7301);
    same(Rules.add(rule), ADD_RULE, 12);
    assertThat(Rules.read(received(ADD_RULE))).contains(rule);
  }

  private static final String ADD_RULE_FOR_SOURCE_AND_MARK =
      "4400000020000506fb1d0a6b00000000020020000000000100000000080002000a00011508000a0000000001080010000000000308000f00871c000008000600871c0000";

  /** {@code ip rule add from 10.0.1.21 fwmark 0x1000000/0x3000000 lookup 7303 pref 7303} */
  @Test
  void aRuleForASourceAndAMarkIsAddedAndReadAsByIp() {
    Rule rule = Rule.from(POD, 7303).marked(0x0100_0000, 0x0300_0000);
    same(Rules.add(rule), ADD_RULE_FOR_SOURCE_AND_MARK, 12);
    assertThat(Rules.read(received(ADD_RULE_FOR_SOURCE_AND_MARK))).contains(rule);
  }

  private static final String ADD_RULE_FOR_SOURCE =
      "3400000020000506fb1d0a6b00000000020020000000000100000000080002000a00011508000f00881c000008000600881c0000";

  /** {@code ip rule add from 10.0.1.21 lookup 7304 pref 7304} */
  @Test
  void aRuleForASourceIsAddedAndReadAsByIp() {
    same(Rules.add(Rule.from(POD, 7304)), ADD_RULE_FOR_SOURCE, 12);
    assertThat(Rules.read(received(ADD_RULE_FOR_SOURCE))).contains(Rule.from(POD, 7304));
  }

  private static final String SET_NEIGHBOUR =
      "300000001c000505a017056b00000000020000000300000080000000080001000a0001010a0002000200000000010000";

  /** {@code ip neigh replace 10.0.1.1 lladdr 02:00:00:00:00:01 dev mpdabc nud permanent} */
  @Test
  void aPermanentNeighbourIsSetAndReadAsByIp() {
    MacAddress mac = MacAddress.parse("02:00:00:00:00:01");
    IpAddress gateway = IpAddress.parse("10.0.1.1");
    same(Neighbours.permanent(3, gateway, mac), SET_NEIGHBOUR, 12);
    assertThat(Neighbours.read(received(SET_NEIGHBOUR)))
        .contains(new Neighbour(3, Rt.NUD_PERMANENT, gateway, Optional.of(mac)));
  }

  /** {@code ip link set mpdabc up} */
  @Test
  void aLinkIsBroughtUpAsByIp() {
    sameChange(Links.up(3), "2000000010000500a017056b0000000000000000030000000100000001000000");
  }

  /** {@code ip link del mpdabc} */
  @Test
  void aLinkIsDeletedAsByIp() {
    same(Links.delete(3), "2000000011000500a017056b0000000000000000030000000000000000000000", 16);
  }

  /** {@code ip link set mpdabc alias mp1} */
  @Test
  void anAliasIsSetAsByIp() {
    sameChange(
        Links.setAlias(3, "mp1"),
        "28000000100005009f17056b0000000000000000030000000000000000000000070014006d703100");
  }

  private static final String CREATE_IPVLAN =
      "6000000010000506a017056b0000000000000000000000000000000000000000080004002923000008000500010000000a0003006574682564000000240012000a0001006970766c616e00001400020006000100000000000600020000000000";

  /** {@code ip link add link lo name eth%d mtu 9001 type ipvlan mode l2 bridge} */
  @Test
  void anIpvlanIsCreatedAsByIpAndInAnotherNamespace() {
    Map<Integer, String> golden = attributes(octets(CREATE_IPVLAN), 32);
    Map<Integer, String> ours =
        attributes(Links.createIpvlan("eth%d", 1, 77, 9001).encode(7, true), 32);
    assertThat(ours.remove(Rt.IFLA_NET_NS_FD)).isEqualTo("4d000000");
    ours.replaceAll(GoldenBytesTest::plain);
    golden.replaceAll(GoldenBytesTest::plain);
    assertThat(ours).isEqualTo(golden);
    assertThat(Links.read(received(CREATE_IPVLAN)).kind()).isEqualTo("ipvlan");
    assertThat(Links.ipvlanMode(received(CREATE_IPVLAN))).isEqualTo(OptionalInt.of(0));
    assertThat(Links.ipvlanFlags(received(CREATE_IPVLAN))).isEqualTo(OptionalInt.of(0));
  }

  private static final String CREATE_VETH =
      "7c000000100005069c17056b00000000000000000000000000000000000000000a000100ae0102030405000008000400292300000b0003006d706461626300003c0012000800010076657468300002002c000100000000000000000000000000000000000a000100ae060708090a0000090003006d70643000000000";

  /**
   * {@code ip link add mpdabc address ae:01:02:03:04:05 mtu 9001 type veth peer name mpd0 address
   * ae:06:07:08:09:0a}
   */
  @Test
  void aVethIsCreatedAsByIpWithItsPeerInAnotherNamespaceAndOfTheSameMtu() {
    MacAddress mac = MacAddress.parse("ae:01:02:03:04:05");
    MacAddress peer = MacAddress.parse("ae:06:07:08:09:0a");
    byte[] ours = Links.createVeth("mpdabc", mac, "mpd0", peer, 77, 9001).encode(7, true);
    Map<Integer, String> mine = attributes(ours, 32);
    Map<Integer, String> golden = attributes(octets(CREATE_VETH), 32);
    Map<Integer, String> myPeer = peer(mine.remove(Rt.IFLA_LINKINFO));
    Map<Integer, String> goldenPeer = peer(golden.remove(Rt.IFLA_LINKINFO));
    assertThat(mine).isEqualTo(golden);
    assertThat(myPeer.remove(Rt.IFLA_NET_NS_FD)).isEqualTo("4d000000");
    assertThat(myPeer.remove(Rt.IFLA_MTU)).isEqualTo("29230000");
    myPeer.replaceAll(GoldenBytesTest::plain);
    goldenPeer.replaceAll(GoldenBytesTest::plain);
    assertThat(myPeer).isEqualTo(goldenPeer);
  }

  private static final String ADD_NAME =
      "540000006c00050e061d0a6b000000000000000003000000000000000000000034003480300035006d7064313a6162636465666768696a6b6c3a303a74383038302d38302b334031302e302e312e352c75353300";

  /** {@code ip link property add dev mpdabc altname mpd1:abcdefghijkl:0:t8080-80+3@10.0.1.5,u53} */
  @Test
  void aLinkGetsFurtherNamesAsByIp() {
    String name = "mpd1:abcdefghijkl:0:t8080-80+3@10.0.1.5,u53";
    byte[] ours = Links.addNames("mpdabc", List.of(name)).encode(7, true);
    byte[] golden = octets(ADD_NAME);
    Map<Integer, String> mine = attributes(ours, 32);
    assertThat(mine.remove(Rt.IFLA_IFNAME)).isNotNull();
    assertThat(mine).isEqualTo(attributes(golden, 32));
    assertThat(Arrays.copyOfRange(ours, 4, 8)).isEqualTo(Arrays.copyOfRange(golden, 4, 8));
    assertThat(Links.read(received(ADD_NAME)).alternativeNames()).containsExactly(name);
  }

  private static final String REMOVE_NAME =
      "2c0000006d000500141d0a6b00000000000000000500000000000000000000000c0034800600350078000000";

  /** {@code ip link property del dev mpdabc altname x} */
  @Test
  void aLinkLosesFurtherNamesAsByIp() {
    byte[] ours = Links.removeNames("mpdabc", List.of("x")).encode(7, true);
    Map<Integer, String> mine = attributes(ours, 32);
    assertThat(mine.remove(Rt.IFLA_IFNAME)).isNotNull();
    assertThat(mine).isEqualTo(attributes(octets(REMOVE_NAME), 32));
    assertThat(Arrays.copyOfRange(ours, 4, 8))
        .isEqualTo(Arrays.copyOfRange(octets(REMOVE_NAME), 4, 8));
  }

  private static final String CREATE_IFB =
      "3800000010000506131d0a6b00000000000000000000000000000000000000000a0003006d706469300000000c0012000700010069666200";

  /** {@code ip link add mpdi0 type ifb} */
  @Test
  void anIfbIsCreatedAsByIp() {
    Map<Integer, String> ours = attributes(Links.createIfb("mpdi0").encode(7, true), 32);
    Map<Integer, String> golden = attributes(octets(CREATE_IFB), 32);
    ours.replaceAll(GoldenBytesTest::plain);
    golden.replaceAll(GoldenBytesTest::plain);
    assertThat(ours).isEqualTo(golden);
    assertThat(Links.read(received(CREATE_IFB)).kind()).isEqualTo("ifb");
  }

  private static final String ADD_TBF =
      "6000000024000506141d0a6b00000000000000000500000000000100ffffffff000000000800010074626600340002002800010003010000ffff0000d012130000000000000000000000000000000300f37f0c00000000000800060000000100";

  /**
   * {@code tc qdisc add dev mpdabc root handle 1: tbf rate 10mbit burst 64kb limit 192kb}, without
   * the table of 1 KiB that only old kernels read. What tc works out itself for them, the kernel
   * does.
   */
  @Test
  void aRateIsLimitedAsByTc() {
    byte[] theirs = octets(ADD_TBF);
    byte[] ours =
        TrafficControl.add(5, new TrafficControl.TokenBucket(1_250_000, 65_536, 196_608))
            .encode(7, true);
    assertThat(Arrays.copyOfRange(ours, 16, 36)).isEqualTo(Arrays.copyOfRange(theirs, 16, 36));
    Map<Integer, String> mine = inner(attributes(ours, 36), Rt.TCA_OPTIONS);
    Map<Integer, String> other = inner(attributes(theirs, 36), Rt.TCA_OPTIONS);
    String parms = String.valueOf(other.get(Rt.TCA_TBF_PARMS));
    assertThat(mine)
        .containsEntry(Rt.TCA_TBF_BURST, String.valueOf(other.get(Rt.TCA_TBF_BURST)))
        .containsEntry(
            Rt.TCA_TBF_PARMS,
            parms.replace("03010000ffff", "000100000000").replace("f37f0c00", "00000000"));
    assertThat(TrafficControl.readBucket(received(ADD_TBF)))
        .contains(new TrafficControl.TokenBucket(1_250_000, 0, 196_608));
  }

  private static Map<Integer, String> inner(Map<Integer, String> attributes, int type) {
    return attributes(octets(String.valueOf(attributes.get(type))), 0);
  }

  /** A rate beyond 4 GiB a second does not fit the structure. */
  @Test
  void aHighRateIsToldInAnAttributeToo() {
    TrafficControl.TokenBucket fast =
        new TrafficControl.TokenBucket(12_500_000_000L, 65_536, 196_608);
    byte[] ours = TrafficControl.add(5, fast).encode(7, true);
    assertThat(inner(attributes(ours, 36), Rt.TCA_OPTIONS))
        .containsEntry(Rt.TCA_TBF_RATE64, "00dd0ee902000000");
    assertThat(TrafficControl.readBucket(received(HexFormat.of().formatHex(ours))))
        .contains(new TrafficControl.TokenBucket(12_500_000_000L, 0, 196_608));
  }

  /** {@code tc qdisc add dev mpdabc clsact} and {@code del} */
  @Test
  void placesForFiltersComeAndGoAsByTc() {
    same(
        TrafficControl.addClsact(5),
        "3000000024000506151d0a6b0000000000000000050000000000fffff1ffffff000000000b000100636c736163740000",
        20);
    same(
        TrafficControl.deleteClsact(5),
        "300000002500050019200a6b0000000000000000050000000000fffff1ffffff000000000b000100636c736163740000",
        20);
  }

  private static final String REDIRECT =
      "8c0000002c000506f72b0a6b00000000000000000500000000000000f2ffffff00030100080001007533320060000200380007003400"
          + "01000b0001006d697272656400002400028020000200000000000000000004000000000000000000000001000000060000002400050001000100"
          + "00000000000000000000000000000000000000000000000000000000";

  /**
   * {@code tc filter add dev mpdabc ingress prio 1 protocol all u32 match u32 0 0 action mirred
   * egress redirect dev mpdi0}
   */
  @Test
  void whatComesInIsRedirectedAsByTc() {
    byte[] ours = TrafficControl.redirect(5, Rt.TC_H_MIN_INGRESS, 6).encode(7, true);
    byte[] golden = octets(REDIRECT);
    assertThat(Arrays.copyOfRange(ours, 16, 36)).isEqualTo(Arrays.copyOfRange(golden, 16, 36));
    Map<Integer, String> mine = attributes(ours, 36);
    Map<Integer, String> other = attributes(golden, 36);
    assertThat(String.valueOf(mine.get(Rt.TCA_KIND))).startsWith(other.get(Rt.TCA_KIND));
    mine = inner(mine, Rt.TCA_OPTIONS);
    other = inner(other, Rt.TCA_OPTIONS);
    assertThat(mine.get(Rt.TCA_U32_SEL)).isEqualTo(other.get(Rt.TCA_U32_SEL));
    for (int type : new int[] {Rt.TCA_U32_ACT, 1}) {
      mine = inner(mine, type);
      other = inner(other, type);
    }
    assertThat(String.valueOf(mine.get(Rt.TCA_ACT_KIND))).startsWith(other.get(Rt.TCA_ACT_KIND));
    assertThat(inner(mine, Rt.TCA_ACT_OPTIONS)).isEqualTo(inner(other, Rt.TCA_ACT_OPTIONS));
    assertThat(TrafficControl.readRedirect(received(REDIRECT))).isEqualTo(OptionalInt.of(6));
  }

  private static Map<Integer, String> peer(@org.jspecify.annotations.Nullable String linkInfo) {
    String data = attributes(octets(String.valueOf(linkInfo)), 0).get(Rt.IFLA_INFO_DATA);
    String inner = attributes(octets(String.valueOf(data)), 0).get(Rt.VETH_INFO_PEER);
    return attributes(octets(String.valueOf(inner)), 16);
  }

  /**
   * The kernel takes a name with and without its NUL, and a nested attribute with and without the
   * flag.
   */
  private static String plain(int type, String hex) {
    if (type == Rt.IFLA_IFNAME) {
      return hex.replaceAll("(00)+$", "");
    }
    if (type == Rt.IFLA_LINKINFO) {
      Map<Integer, String> info = attributes(octets(hex), 0);
      info.computeIfPresent(Rt.IFLA_INFO_KIND, (kind, text) -> text.replaceAll("(00)+$", ""));
      info.computeIfPresent(
          Rt.IFLA_INFO_DATA, (data, text) -> attributes(octets(text), 0).toString());
      return info.toString();
    }
    return hex;
  }
}
