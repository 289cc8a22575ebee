package io.millpond.node.kernel;

import io.millpond.linux.datapath.PodAttachment;
import io.millpond.linux.datapath.PodDatapath;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.PodDemands;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** Pods on this kernel: plans become attachments of the IPvlan datapath. */
public final class LinuxPods implements PodNetwork {
  private final PodDatapath datapath;
  private final LinuxEnis enis;
  private final NodeFacts node;

  LinuxPods(PodDatapath datapath, LinuxEnis enis, NodeFacts node) {
    this.datapath = datapath;
    this.enis = enis;
    this.node = node;
  }

  @Override
  public Optional<String> excess(PodDemands demands) {
    return PodDatapath.excess(demands);
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
    PodAttachment attachment;
    try {
      attachment = attachment(plan, eni.get());
    } catch (IllegalArgumentException e) {
      return new AttachFailed("this pod cannot be built: " + e.getMessage(), false);
    }
    return switch (datapath.attach(attachment, LinuxNetns.of(netns))) {
      case io.millpond.linux.datapath.AttachOutcome.Attached attached ->
          new Attached(attached.hostLink(), attached.mac(), attached.mtu(), attached.leads());
      case io.millpond.linux.datapath.AttachOutcome.AddressInUse inUse ->
          new AddressInUse(inUse.detail());
      case io.millpond.linux.datapath.AttachOutcome.InterfaceExists _ ->
          new InterfaceExists(
              "the pod's namespace has an interface "
                  + plan.key().ifName()
                  + " already; it was left untouched: remove it or give another name");
      case io.millpond.linux.datapath.AttachOutcome.AlreadyAttached already ->
          new AlreadyAttached(already.netnsInode());
      case io.millpond.linux.datapath.AttachOutcome.PortTaken taken ->
          new PortTaken(taken.detail());
      case io.millpond.linux.datapath.AttachOutcome.NoNamespace gone ->
          new NoNamespace(gone.detail());
      case io.millpond.linux.datapath.AttachOutcome.Failed failed -> {
        // Perhaps the link came back under another number: look at it again next time.
        enis.forget(plan.eni().id());
        yield new AttachFailed(failed.detail(), failed.exposed());
      }
    };
  }

  private PodAttachment attachment(PodPlan plan, LinuxEnis.Known eni) {
    return new PodAttachment(
        plan.key(),
        plan.address(),
        plan.eni().subnet(),
        plan.eni().gateway(),
        eni.gateway(),
        eni.link(),
        Math.min(plan.mtu(), eni.link().mtu()),
        node.address(),
        plan.direct(node.direct()),
        plan.extraRoutes(),
        node.serviceCidrs().get(),
        plan.pod(),
        plan.demands());
  }

  @Override
  public DetachOutcome detach(AttachmentKey key, Optional<Netns> netns) {
    io.millpond.linux.datapath.DetachOutcome outcome =
        datapath.detach(key, netns.map(LinuxNetns::of));
    return outcome
        .problem()
        .<DetachOutcome>map(DetachFailed::new)
        .orElseGet(() -> new Detached(outcome.at(), outcome.address().isPresent()));
  }

  @Override
  public CheckOutcome check(PodPlan plan, Netns netns) {
    try {
      Optional<LinuxEnis.Known> eni = enis.find(plan.eni());
      if (eni.isEmpty()) {
        return new Differs(List.of("the link of " + plan.eni().id() + " is gone"));
      }
      return switch (datapath.check(attachment(plan, eni.get()), LinuxNetns.of(netns))) {
        case io.millpond.linux.datapath.CheckOutcome.AsBuilt _ -> new AsPlanned();
        case io.millpond.linux.datapath.CheckOutcome.Differs differs ->
            new Differs(differs.differences());
        case io.millpond.linux.datapath.CheckOutcome.Unknown unknown ->
            new Differs(List.of(unknown.detail()));
      };
    } catch (IOException | IllegalArgumentException e) {
      return new Differs(List.of("it cannot be looked at: " + e.getMessage()));
    }
  }

  @Override
  public HealOutcome heal(PodPlan plan, long netnsInode) {
    try {
      Optional<LinuxEnis.Known> eni = enis.find(plan.eni());
      Optional<io.millpond.linux.netns.Netns> found =
          io.millpond.linux.netns.Netns.find(netnsInode);
      if (found.isEmpty()) {
        return new NotHealed("its namespace is not found");
      }
      try (io.millpond.linux.netns.Netns netns = found.get()) {
        if (eni.isEmpty()) {
          return new NotHealed("the link of " + plan.eni().id() + " is gone");
        }
        PodAttachment attachment = attachment(plan, eni.get());
        return new Healed(datapath.heal(attachment, netns), datapath.liberties(attachment, netns));
      }
    } catch (IOException | IllegalArgumentException e) {
      return new NotHealed(String.valueOf(e.getMessage()));
    }
  }
}
