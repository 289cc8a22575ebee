package io.millpond.linux.datapath;

import io.millpond.linux.netlink.Links.Link;
import io.millpond.linux.netlink.NetlinkSocket;
import io.millpond.linux.netlink.SlaveKind;
import io.millpond.linux.netns.Netns;
import io.millpond.linux.nft.PodRules;
import io.millpond.pool.value.Bandwidth;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Puts back what somebody took away of an attachment inside its running pod: links that are up, the
 * address, neighbours, routes, rules and the nf_tables table. A route that the pod has in the place
 * of one of ours is left alone, and so are its settings, which the runtime sets as the pod's
 * specification says. Links are not made again.
 */
record Heal(PoolRoutes pool, PodAttachment a, Netns netns, NetlinkSocket host, NetlinkSocket pod) {
  /** What was wrong and is right now, one sentence each. */
  List<String> run() throws IOException {
    List<String> wrong = look();
    if (wrong.isEmpty()) {
      return List.of();
    }
    putBack();
    List<String> repaired = new ArrayList<>(wrong);
    repaired.removeAll(look());
    return repaired;
  }

  private List<String> look() throws IOException {
    return new Check(pool, a, netns, host, pod).podAlone();
  }

  private void putBack() throws IOException {
    Optional<Link> slave =
        PodSide.link(pod, a.key().ifName())
            .filter(link -> link.kind().equals(SlaveKind.name()))
            .filter(link -> link.master().equals(OptionalInt.of(a.eni().index())));
    Place place = PodSide.place(host, a.key());
    Optional<Link> veth = PodSide.veth(pod, a.key(), place);
    if (slave.isEmpty() || veth.isEmpty()) {
      return;
    }
    Bandwidth bandwidth = a.demands().bandwidth();
    if (!Shaping.differences(pod, bandwidth, place, slave.get().index(), veth.get().index())
        .isEmpty()) {
      Alias record = Alias.of(a.key(), a.address(), netns.inode(), a.pod()).at(place);
      new Shaping(pod, a, record).applyAgain(slave.get().index());
    }
    PodSide.reconnect(pod, a, place, slave.get().index(), veth.get().index());
    PodRules.Member member = new PodRules.Member(place.veth(), a.key().ifName(), a.address());
    List<PodRules.Member> all =
        new ArrayList<>(
            PodSide.Other.members(PodSide.others(PodSide.links(pod), HostVeth.hash(a.key()))));
    all.add(member);
    netns.inside(
        () -> {
          if (!PodRules.complete(member)) {
            PodRules.renew(all);
          }
          return true;
        });
  }
}
