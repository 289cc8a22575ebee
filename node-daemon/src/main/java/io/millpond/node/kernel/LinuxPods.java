package io.millpond.node.kernel;

import io.millpond.linux.BootClock;
import io.millpond.linux.datapath.HostVeth;
import io.millpond.linux.datapath.KernelLedger;
import io.millpond.linux.datapath.PodAttachment;
import io.millpond.linux.datapath.PodDatapath;
import io.millpond.linux.datapath.PoolRoutes;
import io.millpond.linux.netlink.NetlinkSocket;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.Prefix;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Pods on this kernel: plans become attachments of the IPvlan datapath. */
public final class LinuxPods implements PodNetwork {
  private static final Logger log = LoggerFactory.getLogger(LinuxPods.class);

  private final PodDatapath datapath;
  private final PoolRoutes routes;
  private final LinuxEnis enis;
  private final NodeFacts node;

  LinuxPods(PoolRoutes routes, LinuxEnis enis, NodeFacts node) {
    this.datapath = new PodDatapath(routes);
    this.routes = routes;
    this.enis = enis;
    this.node = node;
  }

  @Override
  public AttachOutcome attach(PodPlan plan, Netns netns) {
    Optional<LinuxEnis.Known> eni;
    try {
      eni = enis.find(plan.eni());
    } catch (IOException e) {
      return new AttachFailed(
          "the link of " + plan.eni().id() + " cannot be used: " + e.getMessage(), false);
    }
    if (eni.isEmpty()) {
      return new AttachFailed(
          "the link of " + plan.eni().id() + " (" + plan.eni().mac() + ") is gone", false);
    }
    return switch (datapath.attach(attachment(plan, eni.get()), LinuxNetns.of(netns))) {
      case io.millpond.linux.datapath.AttachOutcome.Attached attached ->
          new Attached(HostVeth.of(plan.key()).name(), attached.mac());
      case io.millpond.linux.datapath.AttachOutcome.AddressInUse inUse ->
          new AddressInUse(inUse.detail());
      case io.millpond.linux.datapath.AttachOutcome.InterfaceExists _ ->
          new InterfaceExists(
              "the pod's namespace has an interface "
                  + plan.key().ifName()
                  + " already; it was left untouched: remove it or give another name");
      case io.millpond.linux.datapath.AttachOutcome.AlreadyAttached already ->
          new AlreadyAttached(already.netnsInode());
      case io.millpond.linux.datapath.AttachOutcome.Failed failed -> {
        enis.forget(plan.eni().id());
        release(plan);
        yield new AttachFailed(failed.detail(), true);
      }
    };
  }

  private PodAttachment attachment(PodPlan plan, LinuxEnis.Known eni) {
    List<Prefix> direct = new ArrayList<>(node.vpcCidrs());
    plan.extraRoutes().stream().filter(route -> !direct.contains(route)).forEach(direct::add);
    return new PodAttachment(
        plan.key(),
        plan.address(),
        plan.eni().subnet(),
        plan.eni().gateway(),
        eni.gateway(),
        eni.link(),
        Math.min(plan.mtu(), eni.link().mtu()),
        node.address(),
        direct,
        node.serviceCidrs(),
        plan.pod());
  }

  /** The address may have been seen on the network: a restart must let it cool as well. */
  private void release(PodPlan plan) {
    try (NetlinkSocket host = NetlinkSocket.open()) {
      routes.release(host, plan.address(), BootClock.now());
    } catch (IOException e) {
      log.atWarn()
          .addKeyValue("ip", plan.address())
          .log("its release is not written down: {}", e.getMessage());
    }
  }

  @Override
  public DetachOutcome detach(AttachmentKey key, Optional<Netns> netns) {
    io.millpond.linux.datapath.DetachOutcome outcome =
        datapath.detach(key, netns.map(LinuxNetns::of));
    return outcome
        .problem()
        .<DetachOutcome>map(DetachFailed::new)
        .orElseGet(() -> new Detached(BootClock.now(), outcome.address().isPresent()));
  }

  @Override
  public CheckOutcome check(PodPlan plan, Netns netns) {
    String veth = HostVeth.of(plan.key()).name();
    try {
      return KernelLedger.read(new PoolRoutes()).attachments().stream()
          .filter(entry -> entry.veth().equals(veth))
          .findFirst()
          .map(entry -> compare(plan, entry, netns.inode()))
          .orElseGet(() -> new Differs(List.of("the host veth " + veth + " is missing")));
    } catch (IOException e) {
      return new Differs(List.of("the kernel does not say what is there: " + e.getMessage()));
    }
  }

  private static CheckOutcome compare(PodPlan plan, KernelLedger.Entry entry, long inode) {
    List<String> differences = new ArrayList<>();
    if (!entry.alias().address().equals(plan.address())) {
      differences.add(
          "the kernel's record says " + entry.alias().address() + ", the pool " + plan.address());
    }
    if (entry.alias().netnsInode() != inode) {
      differences.add(
          "it is in network namespace " + entry.alias().netnsInode() + ", not in " + inode);
    }
    return differences.isEmpty() ? new AsPlanned() : new Differs(differences);
  }
}
