package io.millpond.linux.netlink;

/**
 * Numbers of rtnetlink, named as in {@code linux/netlink.h}, {@code rtnetlink.h}, {@code
 * if_link.h}, {@code fib_rules.h}.
 */
public final class Rt {
  // nlmsg_flags
  public static final int REQUEST = 1;
  public static final int MULTI = 2;
  public static final int ACK = 4;
  public static final int DUMP_INTR = 16;
  public static final int DUMP = 0x300;
  public static final int REPLACE = 0x100;
  public static final int EXCL = 0x200;
  public static final int CREATE = 0x400;
  public static final int APPEND = 0x800;
  // nlmsg_type
  public static final int NLMSG_ERROR = 2;
  public static final int NLMSG_DONE = 3;
  public static final int NEWLINK = 16;
  public static final int DELLINK = 17;
  public static final int GETLINK = 18;
  public static final int SETLINK = 19;
  public static final int NEWADDR = 20;
  public static final int DELADDR = 21;
  public static final int GETADDR = 22;
  public static final int NEWROUTE = 24;
  public static final int DELROUTE = 25;
  public static final int GETROUTE = 26;
  public static final int NEWNEIGH = 28;
  public static final int DELNEIGH = 29;
  public static final int GETNEIGH = 30;
  public static final int NEWRULE = 32;
  public static final int DELRULE = 33;
  public static final int GETRULE = 34;
  public static final int NEWQDISC = 36;
  public static final int DELQDISC = 37;
  public static final int GETQDISC = 38;
  public static final int NEWTFILTER = 44;
  public static final int GETTFILTER = 46;
  public static final int NEWNETCONF = 80;
  public static final int NEWLINKPROP = 108;
  public static final int DELLINKPROP = 109;

  /** NFT_MSG_NEWGEN of NFNL_SUBSYS_NFTABLES: a transaction ended (nfnetlink.h, nf_tables.h). */
  public static final int NFT_NEWGEN = 10 << 8 | 15;

  /** NFT_MSG_GETGEN: which transaction was the last. */
  public static final int NFT_GETGEN = 10 << 8 | 16;

  public static final int NFTA_GEN_ID = 1;

  // IPCTNL_MSG_CT_* of NFNL_SUBSYS_CTNETLINK (nfnetlink_conntrack.h)
  public static final int CT_NEW = 1 << 8;
  public static final int CT_GET = 1 << 8 | 1;
  public static final int CT_DELETE = 1 << 8 | 2;
  public static final int CTA_TUPLE_ORIG = 1;
  public static final int CTA_TUPLE_REPLY = 2;
  public static final int CTA_ZONE = 18;
  public static final int CTA_FILTER = 25;
  public static final int CTA_FILTER_ORIG_FLAGS = 1;
  public static final int CTA_TUPLE_IP = 1;
  public static final int CTA_TUPLE_PROTO = 2;
  public static final int CTA_IP_V4_SRC = 1;
  public static final int CTA_IP_V4_DST = 2;
  public static final int CTA_PROTO_NUM = 1;
  public static final int CTA_PROTO_DST_PORT = 3;

  // CTA_FILTER_F_* (net/netfilter/nf_internals.h)
  public static final int CTA_FILTER_F_PROTO_NUM = 1 << 3;
  public static final int CTA_FILTER_F_PROTO_DST_PORT = 1 << 5;

  // families
  public static final int AF_UNSPEC = 0;
  public static final int AF_INET = 2;
  public static final int AF_INET6 = 10;
  // IFLA_*
  public static final int IFLA_ADDRESS = 1;
  public static final int IFLA_IFNAME = 3;
  public static final int IFLA_MTU = 4;
  public static final int IFLA_LINK = 5;
  public static final int IFLA_LINKINFO = 18;
  public static final int IFLA_IFALIAS = 20;
  public static final int IFLA_NET_NS_FD = 28;
  public static final int IFLA_LINK_NETNSID = 37;
  public static final int IFLA_TARGET_NETNSID = 46;
  public static final int IFLA_PROP_LIST = 52;
  public static final int IFLA_ALT_IFNAME = 53;
  public static final int IFLA_INFO_KIND = 1;
  public static final int IFLA_INFO_DATA = 2;
  public static final int IFLA_IPVLAN_MODE = 1;
  public static final int IFLA_IPVLAN_FLAGS = 2;
  public static final int VETH_INFO_PEER = 1;
  public static final int IFF_UP = 1;
  public static final int IFF_LOWER_UP = 0x10000;
  // IFA_*
  public static final int IFA_ADDRESS = 1;
  public static final int IFA_LOCAL = 2;
  public static final int IFA_RT_PRIORITY = 9;
  // RTA_*
  public static final int RTA_DST = 1;
  public static final int RTA_OIF = 4;
  public static final int RTA_GATEWAY = 5;
  public static final int RTA_PRIORITY = 6;
  public static final int RTA_PREFSRC = 7;
  public static final int RTA_TABLE = 15;
  public static final int RTN_UNICAST = 1;
  public static final int RTN_UNREACHABLE = 7;
  public static final int RT_TABLE_MAIN = 254;
  public static final int RT_TABLE_LOCAL = 255;
  public static final int SCOPE_UNIVERSE = 0;
  public static final int SCOPE_LINK = 253;
  public static final int RTNH_F_ONLINK = 4;
  // NDA_*
  public static final int NDA_DST = 1;
  public static final int NDA_LLADDR = 2;
  public static final int NUD_PERMANENT = 0x80;
  // FRA_*
  public static final int FRA_SRC = 2;
  public static final int FRA_PRIORITY = 6;
  public static final int FRA_FWMARK = 10;
  public static final int FRA_TABLE = 15;
  public static final int FRA_FWMASK = 16;
  public static final int FR_ACT_TO_TBL = 1;
  // TCA_*, TC_H_* (rtnetlink.h, pkt_sched.h, pkt_cls.h, tc_act/tc_mirred.h)
  public static final int TCA_KIND = 1;
  public static final int TCA_OPTIONS = 2;
  public static final int TCA_TBF_PARMS = 1;
  public static final int TCA_TBF_RATE64 = 4;
  public static final int TCA_TBF_BURST = 6;
  public static final int TCA_U32_SEL = 5;
  public static final int TCA_U32_ACT = 7;
  public static final byte TC_U32_TERMINAL = 1;
  public static final int TCA_ACT_KIND = 1;
  public static final int TCA_ACT_OPTIONS = 2;
  public static final int TCA_MIRRED_PARMS = 2;
  public static final long TC_H_ROOT = 0xFFFF_FFFFL;
  public static final long TC_H_CLSACT = 0xFFFF_FFF1L;
  public static final long TC_H_MIN_INGRESS = 0xFFFF_FFF2L;
  public static final long TC_H_MIN_EGRESS = 0xFFFF_FFF3L;
  public static final int TC_LINKLAYER_ETHERNET = 1;
  public static final int TC_ACT_STOLEN = 4;
  public static final int TCA_EGRESS_REDIR = 1;
  public static final int ETH_P_ALL = 3;
  // errno
  public static final int ENOENT = 2;
  public static final int ESRCH = 3;
  public static final int EEXIST = 17;
  public static final int ENODEV = 19;
  public static final int EINVAL = 22;
  public static final int EADDRINUSE = 98;
  public static final int EADDRNOTAVAIL = 99;
  public static final int ENOBUFS = 105;
  public static final int EOPNOTSUPP = 95;

  private Rt() {}
}
