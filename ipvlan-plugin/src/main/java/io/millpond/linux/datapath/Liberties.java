package io.millpond.linux.datapath;

import io.millpond.linux.netlink.Addresses;
import io.millpond.linux.netlink.Addresses.LinkAddress;
import io.millpond.linux.netlink.Links;
import io.millpond.linux.netlink.Links.Link;
import io.millpond.linux.netlink.NetlinkException;
import io.millpond.linux.netlink.NetlinkSocket;
import io.millpond.linux.netlink.Reply;
import io.millpond.linux.netlink.SlaveKind;
import io.millpond.pool.value.IpAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;

/**
 * What a pod with NET_ADMIN may have taken: another address of its ENI, which the VPC delivers
 * because the ENI has it, also on a further slave that it made of its own; and the mode of the ENI,
 * which belongs to all of its pods. Only the kernel's own knowledge counts: an alias inside the pod
 * may be the pod's text.
 */
final class Liberties {
  private Liberties() {}

  /**
   * One sentence each, about the pod; empty if it keeps to what it was given.
   *
   * @param namespace the inode of the pod's namespace
   * @param pod a socket inside it
   */
  static List<String> look(PodAttachment a, long namespace, NetlinkSocket pod)
      throws NetlinkException {
    Set<Integer> slaves = new HashSet<>();
    boolean otherMode = false;
    for (Reply reply : pod.dump(Links.dump())) {
      Link link = Links.read(reply);
      if (isSlave(link, a.eni())) {
        slaves.add(link.index());
        otherMode |= !isBridged(reply);
      }
    }
    Set<IpAddress> foreign = new TreeSet<>();
    for (Reply reply : pod.dump(Addresses.dump())) {
      Addresses.read(reply)
          .filter(one -> slaves.contains(one.link()))
          .map(LinkAddress::address)
          .filter(address -> !address.equals(a.address()))
          .ifPresent(foreign::add);
    }
    if (!foreign.isEmpty()) {
      foreign.removeAll(given(namespace));
    }
    List<String> liberties = new ArrayList<>();
    foreign.forEach(
        address ->
            liberties.add(
                "it has %s of %s, which is not its own".formatted(address, a.eni().name())));
    if (otherMode) {
      liberties.add(
          "%s is not in mode l2 bridge, for all pods on it, one of which has changed that"
              .formatted(a.eni().name()));
    }
    return liberties;
  }

  private static boolean isSlave(Link link, EniLink eni) {
    return link.kind().equals(SlaveKind.name())
        && link.linkNetns().isPresent()
        && link.master().equals(OptionalInt.of(eni.index()));
  }

  private static boolean isBridged(Reply slave) {
    return Links.ipvlanMode(slave).orElse(0) == 0 && Links.ipvlanFlags(slave).orElse(0) == 0;
  }

  /**
   * What the attachments of this namespace were given. Asked after the pod, so that an attach
   * meanwhile, which writes its record first, is no liberty.
   */
  private static Set<IpAddress> given(long namespace) throws NetlinkException {
    KernelLedger ledger = KernelLedger.look();
    Set<IpAddress> given = new HashSet<>();
    ledger.attachments().stream()
        .map(KernelLedger.Entry::alias)
        .filter(alias -> alias.netnsInode() == namespace)
        .forEach(alias -> given.add(alias.address()));
    ledger.interrupted().stream()
        .flatMap(one -> one.alias().stream())
        .filter(alias -> alias.netnsInode() == namespace)
        .forEach(alias -> given.add(alias.address()));
    return given;
  }
}
