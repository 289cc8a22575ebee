package io.millpond.node.conformance;

import io.millpond.node.kernel.Netns;
import io.millpond.node.kernel.PodNetwork;
import io.millpond.node.kernel.PodPlan;
import io.millpond.node.testing.ModelKernel;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.PodDemands;
import java.util.Optional;

/** The pods of the daemon, but for what a mutant overrides. */
class OtherPods implements PodNetwork {
  final PodNetwork real;
  final ModelKernel kernel;

  OtherPods(PodNetwork real, ModelKernel kernel) {
    this.real = real;
    this.kernel = kernel;
  }

  @Override
  public Optional<String> excess(PodDemands demands) {
    return real.excess(demands);
  }

  @Override
  public AttachOutcome attach(PodPlan plan, Netns netns) {
    return real.attach(plan, netns);
  }

  @Override
  public DetachOutcome detach(AttachmentKey key, Optional<Netns> netns) {
    return real.detach(key, netns);
  }

  @Override
  public CheckOutcome check(PodPlan plan, Netns netns) {
    return real.check(plan, netns);
  }

  @Override
  public HealOutcome heal(PodPlan plan, long netnsInode) {
    return real.heal(plan, netnsInode);
  }

  static Attached done(PodPlan plan) {
    return new Attached(ModelKernel.linkName(plan.key()), plan.eni().mac(), plan.mtu(), true);
  }

  /** What exists is taken over. */
  static final class TakingOver extends OtherPods {
    TakingOver(PodNetwork real, ModelKernel kernel) {
      super(real, kernel);
    }

    @Override
    public AttachOutcome attach(PodPlan plan, Netns netns) {
      AttachOutcome outcome = real.attach(plan, netns);
      return outcome instanceof InterfaceExists ? done(plan) : outcome;
    }
  }

  /** A failed attach leaves a slave. */
  static final class Leaving extends OtherPods {
    Leaving(PodNetwork real, ModelKernel kernel) {
      super(real, kernel);
    }

    @Override
    public AttachOutcome attach(PodPlan plan, Netns netns) {
      AttachOutcome outcome = real.attach(plan, netns);
      if (outcome instanceof AttachFailed) {
        kernel.alienSlave(plan.eni().id(), plan.address());
      }
      return outcome;
    }
  }

  /** A pod is said to be there before it is built. */
  static final class Hasty extends OtherPods {
    Hasty(PodNetwork real, ModelKernel kernel) {
      super(real, kernel);
    }

    @Override
    public AttachOutcome attach(PodPlan plan, Netns netns) {
      return done(plan);
    }
  }

  /** A pod without its namespace is said to be gone. */
  static final class Forgetful extends OtherPods {
    Forgetful(PodNetwork real, ModelKernel kernel) {
      super(real, kernel);
    }

    @Override
    public DetachOutcome detach(AttachmentKey key, Optional<Netns> netns) {
      return netns.isPresent()
          ? real.detach(key, netns)
          : new DetachFailed("the namespace is needed");
    }
  }

  /** Every pod is as planned. */
  static final class Blind extends OtherPods {
    Blind(PodNetwork real, ModelKernel kernel) {
      super(real, kernel);
    }

    @Override
    public CheckOutcome check(PodPlan plan, Netns netns) {
      return new AsPlanned();
    }
  }

  /** What a look finds wrong is put right. */
  static final class Meddling extends OtherPods {
    Meddling(PodNetwork real, ModelKernel kernel) {
      super(real, kernel);
    }

    @Override
    public CheckOutcome check(PodPlan plan, Netns netns) {
      CheckOutcome outcome = real.check(plan, netns);
      kernel.hideNamespace(netns.inode(), null);
      HealOutcome _ = real.heal(plan, netns.inode());
      return outcome;
    }
  }

  /** After one failure nothing is removed any more. */
  static final class Discouraged extends OtherPods {
    private boolean failed;

    Discouraged(PodNetwork real, ModelKernel kernel) {
      super(real, kernel);
    }

    @Override
    public DetachOutcome detach(AttachmentKey key, Optional<Netns> netns) {
      DetachOutcome outcome =
          failed ? new DetachFailed("one failed before") : real.detach(key, netns);
      failed |= outcome instanceof DetachFailed;
      return outcome;
    }
  }
}
