package io.millpond.node.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.node.pods.AddOutcome;
import io.millpond.node.pods.DeletePod;
import java.time.Duration;

/** What a daemon does while a fault strikes. What comes before the act is undisturbed. */
enum Scenario {
  ADD {
    @Override
    void act(CrashWorld world) throws InterruptedException {
      AddOutcome _ = world.pods.add("a");
    }
  },
  ADD_OF_SOMEONE_WHO_HUNG_UP {
    @Override
    void act(CrashWorld world) throws InterruptedException {
      AddOutcome outcome =
          world.pods.add("a", () -> world.kernel.addressOf(PodRuntime.key("a")).isPresent());
      assertThat(outcome)
          .as("the ADD of someone who does not take its answer")
          .isNotInstanceOf(AddOutcome.Added.class);
    }
  },
  /** Slaves that nobody knows hold all the addresses that are warm. */
  ADD_OF_HELD_ADDRESSES {
    @Override
    void prepare(CrashWorld world) throws InterruptedException {
      super.prepare(world);
      world.holdFree();
    }

    @Override
    void act(CrashWorld world) throws InterruptedException {
      world.pods.addedOrTriedAgain("a");
      world.letGo();
      world.pass(SHORT, () -> world.calm() && world.counts().quarantined() == 0);
    }
  },
  DEL {
    @Override
    void prepare(CrashWorld world) throws InterruptedException {
      super.prepare(world);
      world.pods.added("a");
    }

    @Override
    void act(CrashWorld world) throws InterruptedException {
      world.pods.delete("a");
    }
  },
  /** A pod gets a further interface, and loses its first. */
  SEVERAL_ATTACHMENTS {
    @Override
    void prepare(CrashWorld world) throws InterruptedException {
      super.prepare(world);
      world.pods.addedInTurn("a");
    }

    @Override
    void act(CrashWorld world) throws InterruptedException {
      AddOutcome _ = world.pods.add("a/net1");
      world.invariants.checkOwners();
      world.pass(SHORT, world::calm);
      DeletePod.Outcome _ = world.pods.delete("a");
      world.invariants.checkOwners();
    }
  },
  /** By a new ENI, then by one address. */
  GROWTH {
    @Override
    void act(CrashWorld world) throws InterruptedException {
      for (String pod : new String[] {"a", "b", "c"}) {
        world.pods.addedOrTriedAgain(pod);
        world.pass(Duration.ofSeconds(2), world::calm);
      }
    }
  },
  /** Of the addresses of an ENI, and of ENIs. */
  RELEASE {
    @Override
    void prepare(CrashWorld world) throws InterruptedException {
      super.prepare(world);
      world.pods.addedInTurn("a", "b", "c", "d", "e", "f");
      assertThat(world.counts().enis()).isEqualTo(3);
      // The last one keeps its ENI, which gives back addresses alone.
      for (String pod : new String[] {"a", "b", "c", "d", "e"}) {
        world.pods.deleted(pod);
      }
    }

    @Override
    void act(CrashWorld world) throws InterruptedException {
      world.pass(Duration.ofSeconds(20), () -> world.calm() && world.counts().total() == 3);
    }
  },
  /** Into a pool that has no ENI, while the default pool keeps all that the instance can have. */
  ADD_INTO_ANOTHER_POOL {
    @Override
    void prepare(CrashWorld world) throws InterruptedException {
      super.prepare(world);
      world.pods.addedInTurn("a", "b", "c", "d", "e");
      assertThat(world.counts().enis()).isEqualTo(3);
      for (String pod : new String[] {"a", "b", "c", "d", "e"}) {
        world.pods.deleted(pod);
      }
      world.pass(Duration.ofSeconds(35));
    }

    @Override
    void act(CrashWorld world) throws InterruptedException {
      world.pods.addedInTime(PodRuntime.STORAGE + "a");
      world.pass(Duration.ofSeconds(2), world::calm);
    }
  },
  /** On a node that has just booted. */
  FIRST_START {
    @Override
    void prepare(CrashWorld world) {}

    @Override
    void act(CrashWorld world) throws InterruptedException {
      world.boot(world.life());
      world.pass(SHORT, world::calm);
    }

    @Override
    boolean boots() {
      return true;
    }
  },
  /**
   * After a daemon that died while it built a pod and added an ENI, and two pods that died since,
   * one of them with its route.
   */
  START {
    @Override
    void prepare(CrashWorld world) throws InterruptedException {
      super.prepare(world);
      world.pods.addedInTurn("w");
      world.pods.added("a");
      world.life().begin(new Fault("attach: address", 1, Fault.Kind.DIES_AFTER));
      diesDuring(() -> world.pods.add("b"));
      world.die();
      world.pods.dies("a");
      world.pods.diesWithItsRoute("w");
    }

    @Override
    void act(CrashWorld world) throws InterruptedException {
      world.boot(world.life());
      world.pass(SHORT, world::calm);
    }

    @Override
    boolean boots() {
      return true;
    }
  },
  /** Somebody deletes the pod's veth; later the pod goes. */
  QUARANTINE {
    @Override
    void prepare(CrashWorld world) throws InterruptedException {
      super.prepare(world);
      world.pods.added("b");
    }

    @Override
    void act(CrashWorld world) throws InterruptedException {
      world.pods.losesItsVeth("b");
      world.pass(Duration.ZERO, () -> world.counts().quarantined() == 1);
      world.pods.dies("b");
      world.pass(SHORT, () -> world.counts().quarantined() == 0);
      world.pass(SHORT, world::calm);
    }
  },
  /** Somebody sets the pod's end of its veth down. */
  HEALING {
    @Override
    void act(CrashWorld world) throws InterruptedException {
      long pod = PodRuntime.inode("o");
      world.kernel.podEndDown(pod);
      world.pass(
          () -> "the pod is whole again",
          Duration.ZERO,
          () -> {
            world.kernel.stir();
            return world.kernel.damageOf(pod).isEmpty();
          });
    }
  },
  /** Somebody takes the pod's address away in EC2; later the pod goes. */
  TAKING_AWAY {
    @Override
    void prepare(CrashWorld world) throws InterruptedException {
      super.prepare(world);
      world.pods.addedInTurn("a");
    }

    @Override
    void act(CrashWorld world) throws InterruptedException {
      world.takeAway("a");
      world.pass(SHORT, () -> world.counts().frozen() == 1);
      world.invariants.checkOwners();
      DeletePod.Outcome _ = world.pods.delete("a");
    }
  };

  private static final Duration SHORT = Duration.ofSeconds(5);

  /** Leaves a world with one pod on the primary ENI. */
  void prepare(CrashWorld world) throws InterruptedException {
    world.withOnePod();
  }

  abstract void act(CrashWorld world) throws InterruptedException;

  /** Whether the act begins with the start of a daemon. */
  boolean boots() {
    return false;
  }

  private interface Doing {
    Object run() throws InterruptedException;
  }

  private static void diesDuring(Doing doing) throws InterruptedException {
    try {
      Object outcome = doing.run();
      throw new AssertionError("the daemon lives and answers " + outcome);
    } catch (Life.Death expected) {
      assertThat(expected).isNotNull();
    }
  }
}
