package io.millpond.linux.nft;

import io.millpond.linux.netlink.Message;
import io.millpond.linux.netlink.NetlinkException;
import io.millpond.linux.netlink.NetlinkSocket;
import io.millpond.linux.netlink.Rt;
import java.util.OptionalInt;

/**
 * The number of the last transaction on nf_tables in a namespace: while it stays, so does every
 * rule, and to ask for it costs a hundredth of listing a firewall's chains. What goes with a
 * process that owned its table ({@code flags owner}) is no transaction.
 */
public final class Generation {
  /** {@code struct nfgenmsg}. */
  private static final int FIXED = 4;

  private Generation() {}

  /**
   * Of the calling thread's namespace.
   *
   * @return empty if the kernel does not say
   * @throws NetlinkException if there is no asking it
   */
  public static OptionalInt now() throws NetlinkException {
    try (NetlinkSocket nftables = NetlinkSocket.openToNetfilter()) {
      Message question =
          new Message("ask for the generation of nf_tables", Rt.NFT_GETGEN, 0)
              .u8(Rt.AF_UNSPEC)
              .u8(0)
              .u16(0);
      return nftables.get(question).reply().stream()
          .map(reply -> reply.attributes(FIXED).u32(Rt.NFTA_GEN_ID))
          .findFirst()
          .orElse(OptionalInt.empty());
    }
  }
}
