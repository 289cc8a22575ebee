package io.millpond.node.testing;

import io.millpond.node.kernel.EniPlace;
import io.millpond.node.kernel.HostNetwork;
import io.millpond.node.kernel.KernelView;
import io.millpond.node.kernel.Netns;
import io.millpond.node.kernel.PodNetwork;
import io.millpond.node.kernel.PodPlan;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.MacAddress;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Links, slaves and pool routes as maps; outlives the daemons of a test as the kernel does. */
public final class ModelKernel implements PodNetwork, HostNetwork {
  /** A slave that holds an address. */
  public record Slave(EniId eni, IpAddress address, long netnsInode) {}

  private final Supplier<BootTime> clock;
  private final Map<String, KernelView.Seen> veths = new TreeMap<>();
  private final Set<String> bare = new HashSet<>();
  private final Map<String, PodPlan> plans = new TreeMap<>();
  private final Set<String> stuck = new HashSet<>();
  private final Set<Slave> slaves = new HashSet<>();
  private final Map<IpAddress, KernelView.RouteSays> routes = new TreeMap<>();
  private boolean everyLink;
  private int linkMtu = 9001;
  private final Set<MacAddress> links = new HashSet<>();
  private final Set<MacAddress> late = new HashSet<>();
  private boolean linksAreLate;
  private List<String> findings = List.of();
  private final List<String> repaired = new ArrayList<>();
  private @Nullable LinkListener listener;
  private @Nullable CountDownLatch attachGate;
  private @Nullable CountDownLatch detachGate;
  private final CountDownLatch detaching = new CountDownLatch(1);
  private @Nullable AttachOutcome nextAttach;
  private @Nullable String detachFault;
  private final CountDownLatch attaching = new CountDownLatch(1);

  /** Empty, as after a boot. */
  public ModelKernel(Supplier<BootTime> clock) {
    this.clock = clock;
  }

  /** The host veth's name for a key. */
  public static String linkName(AttachmentKey key) {
    return "mpd" + HexFormat.of().formatHex(key.digest(), 0, 6);
  }

  /** A namespace with this inode. */
  public static Netns netns(long inode) {
    return new Netns() {
      @Override
      public long inode() {
        return inode;
      }

      @Override
      public int descriptor() {
        return -1;
      }

      @Override
      public void close() {}
    };
  }

  // Arranging.

  /** Every link is there as soon as it is looked for. */
  public synchronized void allLinksArePluggedIn() {
    everyLink = true;
  }

  /** The links' MTU, 9001 unless said otherwise. */
  public synchronized void linkMtu(int mtu) {
    linkMtu = mtu;
  }

  /** The ENI's link appears. */
  public synchronized void plugIn(MacAddress mac) {
    if (linksAreLate) {
      late.add(mac);
    } else {
      links.add(mac);
    }
  }

  /** From now on links do not come, or those that should have come all do. */
  public synchronized void linksAreLate(boolean are) {
    linksAreLate = are;
    if (!are) {
      links.addAll(late);
      late.clear();
    }
  }

  /** The next attach waits until the gate opens. */
  public synchronized CountDownLatch holdAttach() {
    CountDownLatch gate = new CountDownLatch(1);
    attachGate = gate;
    return gate;
  }

  /** Reached once the first attach has begun. */
  public CountDownLatch attaching() {
    return attaching;
  }

  /** The next detach waits until the gate opens. */
  public synchronized CountDownLatch holdDetach() {
    CountDownLatch gate = new CountDownLatch(1);
    detachGate = gate;
    return gate;
  }

  /** Reached once the first detach has begun. */
  public CountDownLatch detaching() {
    return detaching;
  }

  /** The next attach ends so, without an effect. */
  public synchronized void nextAttach(AttachOutcome outcome) {
    nextAttach = outcome;
  }

  /** Every detach fails with this; null ends it. */
  public synchronized void failDetach(@Nullable String why) {
    detachFault = why;
  }

  /** A slave that nobody knows. */
  public synchronized void alienSlave(EniId eni, IpAddress address) {
    slaves.add(new Slave(eni, address, 999));
  }

  /** The unknown slave goes. */
  public synchronized void removeSlave(IpAddress address) {
    slaves.removeIf(slave -> slave.address().equals(address));
  }

  /** A namespace dies: its slaves go, and its veths. */
  public void killNamespace(long inode) {
    LinkListener hears;
    List<String> gone = new ArrayList<>();
    synchronized (this) {
      slaves.removeIf(slave -> slave.netnsInode() == inode);
      veths.values().stream()
          .filter(seen -> seen.netnsInode() == inode)
          .forEach(seen -> gone.add(seen.hostLink()));
      gone.forEach(veths::remove);
      hears = listener;
    }
    if (hears != null) {
      gone.forEach(hears::vethGone);
    }
  }

  /** Somebody deletes a host veth; the slave lives on. */
  public void deleteVeth(AttachmentKey key) {
    LinkListener hears;
    synchronized (this) {
      veths.remove(linkName(key));
      hears = listener;
    }
    if (hears != null) {
      hears.vethGone(linkName(key));
    }
  }

  /** A veth of an ADD that a crash interrupted. */
  public synchronized void interruptedAdd(String hostLink) {
    bare.add(hostLink);
  }

  /** A veth of an ADD that a crash interrupted, and that cannot be undone. */
  public synchronized void stuckAdd(AttachmentKey key) {
    bare.add(linkName(key));
    stuck.add(linkName(key));
  }

  /** What every look finds wrong from now on. */
  public synchronized void findings(String... now) {
    findings = List.of(now);
  }

  /** Somebody flushes all pool routes. */
  public synchronized void flushRoutes() {
    routes.clear();
  }

  /** The node boots: everything is gone. */
  public synchronized void reboot() {
    veths.clear();
    bare.clear();
    slaves.clear();
    routes.clear();
  }

  // Asserting.

  /** The address of the pod, if its veth is there. */
  public synchronized Optional<IpAddress> addressOf(AttachmentKey key) {
    return Optional.ofNullable(veths.get(linkName(key))).map(KernelView.Seen::address);
  }

  /** All slaves. */
  public synchronized Set<Slave> slaves() {
    return Set.copyOf(slaves);
  }

  /** Veths, complete or not. */
  public synchronized int vethCount() {
    return veths.size() + bare.size();
  }

  /** The pool routes. */
  public synchronized Map<IpAddress, KernelView.RouteSays> routes() {
    return Map.copyOf(routes);
  }

  // The ports.

  @Override
  public AttachOutcome attach(PodPlan plan, Netns netns) {
    CountDownLatch gate;
    synchronized (this) {
      gate = attachGate;
      attachGate = null;
    }
    attaching.countDown();
    try {
      if (gate != null) {
        gate.await();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new AttachFailed("interrupted", false);
    }
    return attachNow(plan, netns);
  }

  private synchronized AttachOutcome attachNow(PodPlan plan, Netns netns) {
    AttachOutcome forced = nextAttach;
    if (forced != null) {
      nextAttach = null;
      return forced;
    }
    String link = linkName(plan.key());
    KernelView.Seen there = veths.get(link);
    if (there != null) {
      return new AlreadyAttached(there.netnsInode());
    }
    if (bare.contains(link)) {
      return new AlreadyAttached(0);
    }
    if (heldNow(plan.eni().id(), plan.address())) {
      return new AddressInUse("Address already assigned to an ipvlan device");
    }
    slaves.add(new Slave(plan.eni().id(), plan.address(), netns.inode()));
    veths.put(
        link, new KernelView.Seen(link, plan.key(), plan.address(), netns.inode(), plan.pod()));
    plans.put(link, plan);
    routes.put(plan.address(), new KernelView.InUse());
    return new Attached(link, plan.eni().mac(), Math.min(plan.mtu(), linkMtu));
  }

  @Override
  public DetachOutcome detach(AttachmentKey key, Optional<Netns> netns) {
    CountDownLatch gate;
    synchronized (this) {
      gate = detachGate;
      detachGate = null;
    }
    detaching.countDown();
    try {
      if (gate != null) {
        gate.await();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new DetachFailed("interrupted");
    }
    return detachNow(key);
  }

  private synchronized DetachOutcome detachNow(AttachmentKey key) {
    if (detachFault != null) {
      return new DetachFailed(detachFault);
    }
    KernelView.Seen seen = veths.remove(linkName(key));
    BootTime now = clock.get();
    if (seen == null) {
      return new Detached(now, false);
    }
    routes.put(seen.address(), new KernelView.ReleasedAt(BootTime.ofSeconds(now.seconds())));
    slaves.removeIf(
        slave -> slave.address().equals(seen.address()) && slave.netnsInode() == seen.netnsInode());
    return new Detached(now, true);
  }

  @Override
  public synchronized CheckOutcome check(PodPlan plan, Netns netns) {
    KernelView.Seen seen = veths.get(linkName(plan.key()));
    return seen != null
            && seen.address().equals(plan.address())
            && seen.netnsInode() == netns.inode()
            && routes.get(plan.address()) instanceof KernelView.InUse
            && asBuilt(plan, plans.get(seen.hostLink()))
        ? new AsPlanned()
        : new Differs(List.of("the veth is not as it should be"));
  }

  private static boolean asBuilt(PodPlan plan, @Nullable PodPlan built) {
    return built != null
        && built.eni().equals(plan.eni())
        && Set.copyOf(built.extraRoutes()).equals(Set.copyOf(plan.extraRoutes()));
  }

  @Override
  public Optional<String> unsupported() {
    return Optional.empty();
  }

  @Override
  public synchronized Optional<LinkName> bringUp(EniPlace eni) {
    return everyLink || links.contains(eni.mac())
        ? Optional.of(new LinkName("eth" + eni.device().index()))
        : Optional.empty();
  }

  @Override
  public synchronized KernelView look() {
    return new KernelView(
        List.copyOf(veths.values()),
        bare.stream().map(KernelView.Interrupted::new).toList(),
        routes);
  }

  @Override
  public synchronized void undo(KernelView.Interrupted interrupted) throws IOException {
    if (stuck.contains(interrupted.hostLink())) {
      throw new IOException("device or resource busy");
    }
    if (!bare.remove(interrupted.hostLink())) {
      throw new IOException("no such link: " + interrupted.hostLink());
    }
  }

  @Override
  public synchronized void released(IpAddress address, BootTime at) {
    routes.put(address, new KernelView.ReleasedAt(BootTime.ofSeconds(at.seconds())));
  }

  @Override
  public synchronized void inUse(IpAddress address) {
    routes.put(address, new KernelView.InUse());
  }

  @Override
  public synchronized List<Repair> reconcile(
      Map<EniPlace, Map<IpAddress, KernelView.RouteSays>> pool, boolean complete) {
    List<Repair> repairs = new ArrayList<>();
    for (Map<IpAddress, KernelView.RouteSays> addresses : pool.values()) {
      addresses.forEach(
          (address, says) -> {
            if (routes.putIfAbsent(address, says) == null) {
              repairs.add(new Repair("route", address.toString()));
              repaired.add(address.toString());
            }
          });
    }
    return repairs;
  }

  @Override
  public synchronized List<String> findings() {
    return findings;
  }

  @Override
  public synchronized void forget(Collection<IpAddress> addresses) {
    addresses.forEach(routes::remove);
  }

  @Override
  public synchronized boolean held(EniPlace eni, IpAddress address) {
    return heldNow(eni.id(), address);
  }

  private boolean heldNow(EniId eni, IpAddress address) {
    return slaves.stream()
        .anyMatch(slave -> slave.eni().equals(eni) && slave.address().equals(address));
  }

  @Override
  public synchronized AutoCloseable watch(LinkListener hears) {
    listener = hears;
    return () -> {
      synchronized (ModelKernel.this) {
        listener = null;
      }
    };
  }
}
