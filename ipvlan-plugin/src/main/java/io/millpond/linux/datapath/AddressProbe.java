package io.millpond.linux.datapath;

import io.millpond.linux.netlink.Addresses;
import io.millpond.linux.netlink.Links;
import io.millpond.linux.netlink.NetlinkSocket;
import io.millpond.linux.netlink.Rt;
import io.millpond.linux.netns.Netns;
import io.millpond.pool.value.IpAddress;
import java.io.IOException;
import java.util.List;

/**
 * Finds out whether any slave of an ENI holds an address, by giving it to one more in a namespace
 * made for that: the kernel refuses with EADDRINUSE if one does, even one that is down.
 */
public final class AddressProbe {
  private static final String NAME = "mpdprobe";

  private AddressProbe() {}

  /**
   * Whether the address is held.
   *
   * @throws IOException if it could not be found out
   */
  public static boolean held(EniLink eni, IpAddress address) throws IOException {
    try (NetlinkSocket host = NetlinkSocket.open()) {
      return Netns.insideNew(
          () -> {
            try (Netns scratch = Netns.here();
                NetlinkSocket inside = NetlinkSocket.open()) {
              host.require(Links.createIpvlan(NAME, eni.index(), scratch.fd(), eni.mtu()));
              int slave = Links.read(inside.get(Links.get(NAME)).reply().getFirst()).index();
              NetlinkSocket.Outcome outcome =
                  inside.send(List.of(Addresses.add(slave, address, 32))).getFirst();
              inside.require(Links.delete(slave));
              if (outcome.errno() != Rt.EADDRINUSE) {
                outcome.orThrow();
              }
              return outcome.errno() == Rt.EADDRINUSE;
            }
          });
    }
  }
}
