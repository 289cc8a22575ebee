package io.millpond.node.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.node.pods.AddOutcome;
import java.time.Duration;
import java.util.Optional;

/** What a daemon does while a fault strikes. What comes before the act is undisturbed. */
enum Scenario {
  ADD {
    @Override
    void act(CrashWorld world) throws InterruptedException {
      world.add("a");
    }
  },
  ADD_OF_SOMEONE_WHO_HUNG_UP {
    @Override
    void act(CrashWorld world) throws InterruptedException {
      world.add("a", () -> world.kernel.addressOf(CrashWorld.key("a")).isPresent());
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
      if (!(world.add("a") instanceof AddOutcome.Added)) {
        world.deleted("a");
        world.add("a");
      }
      world.letGo();
      world.pass(Duration.ofSeconds(5), () -> world.calm() && world.counts().quarantined() == 0);
    }
  },
  DEL {
    @Override
    void prepare(CrashWorld world) throws InterruptedException {
      super.prepare(world);
      world.added("a");
    }

    @Override
    void act(CrashWorld world) throws InterruptedException {
      world.delete("a");
    }
  },
  /** By a new ENI, then by one address. */
  GROWTH {
    @Override
    void act(CrashWorld world) throws InterruptedException {
      for (String pod : new String[] {"a", "b", "c"}) {
        if (!(world.add(pod) instanceof AddOutcome.Added)) {
          world.deleted(pod);
          world.add(pod);
        }
        world.pass(Duration.ofSeconds(2), world::calm);
      }
    }
  },
  /** Of the addresses of an ENI, and of ENIs. */
  RELEASE {
    @Override
    void prepare(CrashWorld world) throws InterruptedException {
      super.prepare(world);
      for (String pod : new String[] {"a", "b", "c", "d", "e", "f"}) {
        world.added(pod);
        world.pass(Duration.ZERO, world::calm);
      }
      assertThat(world.counts().enis()).isEqualTo(3);
      // The last one keeps its ENI, which gives back addresses alone.
      for (String pod : new String[] {"a", "b", "c", "d", "e"}) {
        world.deleted(pod);
      }
    }

    @Override
    void act(CrashWorld world) throws InterruptedException {
      world.pass(Duration.ofSeconds(20), () -> world.calm() && world.counts().total() == 3);
    }
  },
  /** On a node that has just booted. */
  FIRST_START {
    @Override
    void prepare(CrashWorld world) {}

    @Override
    void act(CrashWorld world) throws InterruptedException {
      world.boot(world.life());
      world.pass(Duration.ofSeconds(5), world::calm);
    }

    @Override
    boolean boots() {
      return true;
    }
  },
  /** After a daemon that died while it built a pod and added an ENI, and a pod that died since. */
  START {
    @Override
    void prepare(CrashWorld world) throws InterruptedException {
      super.prepare(world);
      world.added("a");
      world.life().begin(new Fault("attach: address", 1, Fault.Kind.DIES_AFTER));
      Optional<Life.Death> _ = dying(() -> world.add("b"));
      world.die();
      world.dies("a");
    }

    @Override
    void act(CrashWorld world) throws InterruptedException {
      world.boot(world.life());
      world.pass(Duration.ofSeconds(5), world::calm);
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
      world.added("a");
    }

    @Override
    void act(CrashWorld world) throws InterruptedException {
      world.loses("a");
      world.pass(Duration.ZERO, () -> world.counts().quarantined() == 1);
      world.dies("a");
      world.pass(Duration.ofSeconds(5), () -> world.counts().quarantined() == 0);
      world.pass(Duration.ofSeconds(5), world::calm);
    }
  };

  /** Leaves a world with one pod on the primary ENI. */
  void prepare(CrashWorld world) throws InterruptedException {
    world.warm();
    world.added("o");
    world.pass(Duration.ZERO, world::calm);
  }

  abstract void act(CrashWorld world) throws InterruptedException;

  /** Whether the act begins with the start of a daemon. */
  boolean boots() {
    return false;
  }

  /** What may end with the daemon. */
  interface Doing {
    Object run() throws InterruptedException;
  }

  static Optional<Life.Death> dying(Doing doing) throws InterruptedException {
    try {
      Object _ = doing.run();
      return Optional.empty();
    } catch (Life.Death death) {
      return Optional.of(death);
    }
  }
}
