package io.millpond.linux.datapath;

import io.millpond.linux.netlink.Addresses;
import io.millpond.linux.netlink.Links;
import io.millpond.linux.netlink.Links.Link;
import io.millpond.linux.netlink.NetlinkException;
import io.millpond.linux.netlink.NetlinkSocket;
import io.millpond.linux.netns.Netns;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.MacAddress;
import io.millpond.pool.value.PodDemands;
import io.millpond.pool.value.Prefix;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * A node of its own, in namespaces that nothing leads to, on which a pod that does not exist is
 * attached and detached. What the kernel, its modules or the daemon's rights lack shows here,
 * before a pod needs it; and the first pods find code that has run before.
 */
final class Rehearsal {
  private static final Prefix SUBNET = Prefix.parse("192.0.2.0/24"); // of RFC 5737
  private static final IpAddress GATEWAY = IpAddress.parse("192.0.2.1");
  private static final IpAddress NODE = IpAddress.parse("192.0.2.2");
  private static final IpAddress POD = IpAddress.parse("192.0.2.3");
  private static final MacAddress ENI = MacAddress.parse("02:00:00:00:00:01");
  private static final MacAddress WIRE = MacAddress.parse("02:00:00:00:00:02");
  private static final String NAME = "eth0";
  private static final int MTU = 1500;

  private Rehearsal() {}

  /**
   * Attaches and detaches so many times.
   *
   * @return why it failed
   * @throws IOException if there can be no namespace for it
   */
  static Optional<String> run(int times) throws IOException {
    return Netns.insideNew(() -> onNode(times));
  }

  private static Optional<String> onNode(int times) throws IOException {
    PodDatapath datapath = new PodDatapath(new PoolRoutes());
    try (NetlinkSocket host = NetlinkSocket.open();
        Netns here = Netns.here()) {
      EniLink eni = eni(host, here);
      Optional<String> problem = Optional.empty();
      for (int i = 0; i < times && problem.isEmpty(); i++) {
        problem = onePod(datapath, eni);
      }
      return problem;
    }
  }

  private static EniLink eni(NetlinkSocket host, Netns here) throws NetlinkException {
    host.require(Links.createVeth(NAME, ENI, "wire", WIRE, here.fd(), MTU));
    Link link = PodSide.link(host, NAME).orElseThrow();
    host.require(Addresses.add(link.index(), NODE, SUBNET.length()), Links.up(link.index()));
    return new EniLink(link.index(), NAME, ENI, MTU);
  }

  private static Optional<String> onePod(PodDatapath datapath, EniLink eni) throws IOException {
    AttachmentKey key = new AttachmentKey("millpond", "rehearsal", NAME);
    PodAttachment pod =
        new PodAttachment(
            key,
            POD,
            SUBNET,
            GATEWAY,
            Optional.of(WIRE),
            eni,
            MTU,
            NODE,
            List.of(SUBNET),
            List.of(),
            List.of(),
            "",
            PodDemands.NONE);
    try (Netns netns = Netns.insideNew(Netns::here)) {
      return switch (datapath.attach(pod, netns)) {
        case AttachOutcome.Attached _ -> datapath.detach(key, Optional.of(netns)).problem();
        case AttachOutcome.Failed failed -> Optional.of(failed.detail());
        case AttachOutcome other -> Optional.of(other.toString());
      };
    }
  }
}
