package io.millpond.node.testing;

import io.millpond.node.kernel.KernelView;
import io.millpond.node.kernel.Netns;
import io.millpond.node.kernel.PodNetwork;
import io.millpond.node.kernel.PodPlan;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.HostPort;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.MacAddress;
import io.millpond.pool.value.PodDemands;
import io.millpond.pool.value.PoolName;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Links, slaves and pool routes as maps; outlives the daemons of a test as the kernel does. Each
 * daemon has its own {@link ModelDatapath} over it.
 */
public final class ModelKernel {
  /**
   * A slave.
   *
   * @param address empty until it is given one
   * @param veth the host veth of the attachment that its record names; empty without a record
   * @param recorded the address that its record names
   */
  public record Slave(
      EniId eni,
      Optional<IpAddress> address,
      long netnsInode,
      String name,
      Optional<String> veth,
      Optional<IpAddress> recorded,
      boolean up) {}

  /**
   * The record in a host veth's alias.
   *
   * @param building whether the attach has not come to its end
   */
  record Alias(
      AttachmentKey key, IpAddress address, long netnsInode, String pod, boolean building) {}

  /**
   * A host veth.
   *
   * @param ready whether the node's side of it is set up
   * @param demands what is on record of host ports and limits
   */
  record Veth(long netnsInode, Optional<Alias> alias, boolean ready, PodDemands demands) {
    /** As an attach creates it. */
    Veth(long netnsInode) {
      this(netnsInode, Optional.empty(), false, PodDemands.NONE);
    }
  }

  /** A damage that the node sees: its end of the veth has no carrier. */
  public static final String POD_END_DOWN = "mpd0 is down in the pod";

  /** The namespace of slaves that nobody knows. */
  public static final long ALIEN = 999;

  final Supplier<BootTime> clock;
  final Map<String, Veth> veths = new TreeMap<>();
  final Map<String, PodPlan> plans = new TreeMap<>();
  final List<Slave> slaves = new ArrayList<>();
  final Map<IpAddress, KernelView.RouteSays> routes = new TreeMap<>();
  final Map<MacAddress, Optional<PoolName>> marks = new HashMap<>();
  private final Map<Long, Set<String>> ruled = new TreeMap<>();
  private final Map<String, Integer> numbers = new HashMap<>();
  private final Set<String> leading = new HashSet<>();
  private final Map<Long, Set<String>> shaped = new HashMap<>();
  final Map<HostPort, IpAddress> openPorts = new HashMap<>();
  boolean rulesAreGone;
  final Map<Long, List<String>> damage = new TreeMap<>();
  final Map<Long, String> lost = new TreeMap<>();
  final Map<Long, List<String>> liberties = new TreeMap<>();
  final List<PodPlan> lookedInto = new ArrayList<>();
  final Set<Long> dead = new HashSet<>();
  private final Map<Long, Set<String>> interfaces = new HashMap<>();
  private final Set<String> stuck = new HashSet<>();
  private final Map<IpAddress, BootTime> seenUntil = new HashMap<>();
  private Duration shortestRest = Duration.ofDays(1);
  private boolean everyLink;
  private int linkMtu = 9001;
  private final Set<MacAddress> links = new HashSet<>();
  private final Set<MacAddress> late = new HashSet<>();
  private boolean linksAreLate;
  private List<String> findings = List.of();
  private final Set<ModelDatapath> watching = new HashSet<>();
  private @Nullable CountDownLatch attachGate;
  private @Nullable CountDownLatch detachGate;
  private final CountDownLatch detaching = new CountDownLatch(1);
  private PodNetwork.@Nullable AttachOutcome nextAttach;
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

  /** What a daemon that begins now has of this kernel. */
  public ModelDatapath datapath() {
    return datapath(Steps.FREE);
  }

  /** As {@link #datapath()}, with someone who hears of every step. */
  public ModelDatapath datapath(Steps steps) {
    return new ModelDatapath(this, steps);
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

  /** Whose addresses an ENI has is on record at its link. */
  synchronized void mark(MacAddress mac, PoolName pool) {
    marks.put(mac, Optional.of(pool));
  }

  /** Somebody wrote over what is on record at the links of ENIs, in a way that nobody can read. */
  public synchronized void scribbleOverMarks() {
    marks.replaceAll((_, _) -> Optional.empty());
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
  public synchronized void nextAttach(PodNetwork.AttachOutcome outcome) {
    nextAttach = outcome;
  }

  /** Every detach fails with this; null ends it. */
  public synchronized void failDetach(@Nullable String why) {
    detachFault = why;
  }

  /** A slave that nobody knows. */
  public synchronized void alienSlave(EniId eni, IpAddress address) {
    slaves.add(
        new Slave(
            eni, Optional.of(address), ALIEN, "alien", Optional.empty(), Optional.empty(), true));
  }

  /** The unknown slave goes. */
  public synchronized void removeSlave(IpAddress address) {
    removeSlaves(slaves.stream().filter(slave -> holds(slave, address)).toList());
  }

  /** The unknown slave goes, and no other. */
  public synchronized void removeAlien(IpAddress address) {
    slaves.removeIf(slave -> slave.netnsInode() == ALIEN && holds(slave, address));
  }

  /** Somebody sets the pod's end of its veth down, and its routes by it go. */
  public void podEndDown(long inode) {
    damage(inode, POD_END_DOWN);
    stir();
  }

  /** Something changes that the node hears of. */
  public void stir() {
    List<ModelDatapath> hear;
    synchronized (this) {
      hear = List.copyOf(watching);
    }
    hear.forEach(ModelDatapath::hearChange);
  }

  /** Somebody takes something away in the pod's namespace; the node hears nothing of it. */
  public synchronized void damage(long inode, String what) {
    damage.computeIfAbsent(inode, _ -> new ArrayList<>()).add(what);
  }

  /** The pod has taken this, which was not given to it; nothing if it has given it back. */
  public synchronized void takeLiberties(long inode, String... what) {
    liberties.put(inode, List.of(what));
  }

  /** The pod's namespace cannot be looked into from now on, for this reason; null ends it. */
  public synchronized void hideNamespace(long inode, @Nullable String why) {
    if (why == null) {
      lost.remove(inode);
    } else {
      lost.put(inode, why);
    }
  }

  /** An interface of someone else's in a pod's namespace. */
  public synchronized void podInterface(long inode, String name) {
    interfaces.computeIfAbsent(inode, _ -> new HashSet<>()).add(name);
  }

  /** A namespace dies: its slaves go, and its veths. */
  public void killNamespace(long inode) {
    List<String> gone = new ArrayList<>();
    synchronized (this) {
      dead.add(inode);
      ruled.remove(inode);
      leading.removeIf(one -> one.startsWith(inode + " "));
      shaped.remove(inode);
      damage.remove(inode);
      interfaces.remove(inode);
      removeSlaves(slaves.stream().filter(slave -> slave.netnsInode() == inode).toList());
      veths.forEach(
          (name, veth) -> {
            if (veth.netnsInode() == inode) {
              gone.add(name);
            }
          });
      gone.forEach(veths::remove);
    }
    gone.forEach(this::tellGone);
  }

  /** Somebody deletes a host veth; the slave lives on. */
  public void deleteVeth(AttachmentKey key) {
    synchronized (this) {
      veths.remove(linkName(key));
    }
    tellGone(linkName(key));
  }

  void tellGone(String hostLink) {
    List<ModelDatapath> hear;
    synchronized (this) {
      hear = List.copyOf(watching);
    }
    hear.forEach(datapath -> datapath.hearGone(hostLink));
  }

  synchronized void watch(ModelDatapath datapath, boolean does) {
    if (does) {
      watching.add(datapath);
    } else {
      watching.remove(datapath);
    }
  }

  /** A veth of an ADD that a crash interrupted. */
  public synchronized void interruptedAdd(String hostLink) {
    veths.put(hostLink, new Veth(998));
  }

  /** As {@link #interruptedAdd(String)}, with a record that says what it was to be. */
  public synchronized void interruptedAdd(AttachmentKey key) {
    Alias begun = new Alias(key, IpAddress.parse("10.0.1.99"), 998, "", true);
    veths.put(linkName(key), new Veth(998, Optional.of(begun), false, PodDemands.NONE));
  }

  /** A veth of an ADD that a crash interrupted, and that cannot be undone. */
  public synchronized void stuckAdd(AttachmentKey key) {
    interruptedAdd(linkName(key));
    stuck.add(linkName(key));
  }

  /** This attachment's host veth cannot be deleted. */
  public synchronized void stick(AttachmentKey key) {
    stuck.add(linkName(key));
  }

  /** Whether there is an interface of someone else's in the namespace. */
  public synchronized boolean podHasInterface(long inode, String name) {
    return interfaces.getOrDefault(inode, Set.of()).contains(name);
  }

  /** Somebody writes on a pool route that a pod has the address. */
  public synchronized void markInUse(IpAddress address) {
    routes.put(address, new KernelView.InUse());
  }

  /** What every look finds wrong from now on. */
  public synchronized void findings(String... now) {
    findings = List.of(now);
  }

  synchronized List<String> findingsNow() {
    return findings;
  }

  /** Somebody flushes all pool routes. */
  public synchronized void flushRoutes() {
    routes.clear();
  }

  /** Somebody flushes nf_tables. */
  public synchronized void flushRules() {
    openPorts.clear();
    rulesAreGone = true;
  }

  /** Somebody deletes the pool routes of these. */
  public synchronized void forget(Collection<IpAddress> addresses) {
    addresses.forEach(routes::remove);
  }

  /** The node boots: everything is gone. */
  public synchronized void reboot() {
    veths.clear();
    slaves.clear();
    routes.clear();
    marks.clear();
    ruled.clear();
    leading.clear();
    openPorts.clear();
    shaped.clear();
    damage.clear();
    interfaces.clear();
  }

  // Asserting.

  /** The address of the pod, if its veth is there and complete. */
  public synchronized Optional<IpAddress> addressOf(AttachmentKey key) {
    return Optional.ofNullable(veths.get(linkName(key)))
        .flatMap(Veth::alias)
        .filter(alias -> !alias.building())
        .map(Alias::address);
  }

  /** All slaves. */
  public synchronized Set<Slave> slaves() {
    return Set.copyOf(slaves);
  }

  /** What is damaged in the pod's namespace. */
  public synchronized List<String> damageOf(long inode) {
    return List.copyOf(damage.getOrDefault(inode, List.of()));
  }

  /** The pods that were looked into since this was last asked, in order. */
  public synchronized List<PodPlan> lookedInto() {
    List<PodPlan> all = List.copyOf(lookedInto);
    lookedInto.clear();
    return all;
  }

  /** Veths, complete or not. */
  public synchronized int vethCount() {
    return veths.size();
  }

  /** The pool routes. */
  public synchronized Map<IpAddress, KernelView.RouteSays> routes() {
    return Map.copyOf(routes);
  }

  /** Names of the interfaces of ours in a namespace: slaves, and the veths' ends. */
  public synchronized Set<String> interfacesIn(long inode) {
    Set<String> names = new TreeSet<>();
    slaves.stream().filter(s -> s.netnsInode() == inode).forEach(s -> names.add(s.name()));
    veths.forEach(
        (link, veth) -> {
          if (veth.netnsInode() == inode) {
            names.add("mpd" + numbers.get(inode + " " + link));
          }
        });
    shaped
        .getOrDefault(inode, Set.of())
        .forEach(link -> names.add("mpd" + numbers.get(inode + " " + link) + "i"));
    return names;
  }

  /** Namespaces with our nf_tables rules in them. */
  public synchronized Set<Long> ruledNamespaces() {
    return Set.copyOf(ruled.keySet());
  }

  /** The slaves that the nf_tables rules of a namespace know. */
  public synchronized Set<String> ruledIn(long inode) {
    return new TreeSet<>(ruled.getOrDefault(inode, Set.of()));
  }

  /** Namespaces in which bandwidth is limited. */
  public synchronized Set<Long> shapedNamespaces() {
    return Set.copyOf(shaped.keySet());
  }

  /** The host ports that are open, and where they lead. */
  public synchronized Map<HostPort, IpAddress> openPorts() {
    return Map.copyOf(openPorts);
  }

  /** Until when the addresses were seen that pods had, of those that had one. */
  public synchronized Map<IpAddress, BootTime> seenUntil() {
    return Map.copyOf(seenUntil);
  }

  /** The shortest time between one pod's slave with an address and the next. */
  public synchronized Duration shortestRest() {
    return shortestRest;
  }

  // For the datapaths.

  /** The host ports on record, and the addresses of their pods. */
  private Map<HostPort, IpAddress> recordedPorts(boolean building) {
    Map<HostPort, IpAddress> recorded = new HashMap<>();
    for (Veth veth : veths.values()) {
      veth.alias()
          .filter(alias -> building || !alias.building())
          .ifPresent(
              alias ->
                  veth.demands().hostPorts().forEach(port -> recorded.put(port, alias.address())));
    }
    return recorded;
  }

  /** Whether those of complete attachments are open, and none that is nobody's. */
  synchronized boolean rulesAreRight() {
    return !rulesAreGone
        && openPorts.entrySet().containsAll(recordedPorts(false).entrySet())
        && recordedPorts(true).entrySet().containsAll(openPorts.entrySet());
  }

  synchronized void makeRulesAnew() {
    rulesAreGone = false;
    openPorts.clear();
    openPorts.putAll(recordedPorts(true));
  }

  synchronized void shape(long inode, String hostLink) {
    shaped.computeIfAbsent(inode, _ -> new HashSet<>()).add(hostLink);
  }

  synchronized void unshape(long inode, String hostLink) {
    shaped.computeIfPresent(
        inode,
        (_, links) -> {
          links.remove(hostLink);
          return links.isEmpty() ? null : links;
        });
  }

  synchronized boolean isShaped(long inode, String hostLink) {
    return shaped.getOrDefault(inode, Set.of()).contains(hostLink);
  }

  synchronized boolean hasVeth(String hostLink) {
    return veths.containsKey(hostLink);
  }

  synchronized boolean linkIsThere(MacAddress mac) {
    return everyLink || links.contains(mac);
  }

  /** Whether both ends of a veth are up. */
  synchronized boolean connects(Veth veth) {
    return !damage.getOrDefault(veth.netnsInode(), List.of()).contains(POD_END_DOWN);
  }

  synchronized int linkMtu() {
    return linkMtu;
  }

  synchronized boolean isStuck(String hostLink) {
    return stuck.contains(hostLink);
  }

  synchronized boolean hasInterface(long inode, String name) {
    return interfaces.getOrDefault(inode, Set.of()).contains(name)
        || slaves.stream().anyMatch(s -> s.netnsInode() == inode && s.name().equals(name));
  }

  /** Whether a slave of the ENI holds the address. */
  synchronized boolean held(EniId eni, IpAddress address) {
    return slaves.stream().anyMatch(s -> s.eni().equals(eni) && holds(s, address));
  }

  private static boolean holds(Slave slave, IpAddress address) {
    return slave.address().equals(Optional.of(address));
  }

  synchronized void replace(Slave slave, Slave by) {
    slaves.remove(slave);
    slaves.add(by);
    if (by.up() && !slave.up()) {
      by.address()
          .map(seenUntil::get)
          .map(until -> clock.get().since(until))
          .filter(rest -> rest.compareTo(shortestRest) < 0)
          .ifPresent(rest -> shortestRest = rest);
    }
  }

  synchronized void removeSlaves(Collection<Slave> gone) {
    for (Slave slave : gone) {
      if (slaves.remove(slave) && slave.up() && slave.netnsInode() != ALIEN) {
        slave.address().ifPresent(address -> seenUntil.put(address, clock.get()));
      }
    }
  }

  /** The other attachments of a namespace that are on record there: their slaves. */
  synchronized List<Slave> others(long inode, String link) {
    return slaves.stream()
        .filter(s -> s.netnsInode() == inode)
        .filter(s -> s.veth().isPresent() && !s.veth().get().equals(link))
        .toList();
  }

  /** Gives an attachment that begins a number which none that is in the namespace has. */
  synchronized void number(long inode, String link) {
    Set<Integer> taken = new HashSet<>();
    others(inode, link).forEach(s -> taken.add(numbers.get(inode + " " + s.veth().orElseThrow())));
    veths.forEach(
        (other, veth) -> {
          if (veth.netnsInode() == inode) {
            taken.add(numbers.get(inode + " " + other));
          }
        });
    int free = 0;
    while (taken.contains(free)) {
      free++;
    }
    numbers.put(inode + " " + link, free);
    leading.remove(inode + " " + link);
  }

  /** Adds to a namespace's rules; where there are none the others on record get theirs as well. */
  synchronized void rule(long inode, String link, String ifName) {
    List<Slave> others = others(inode, link);
    if (others.isEmpty()) {
      ruled.remove(inode);
    }
    Set<String> there = ruled.computeIfAbsent(inode, _ -> new HashSet<>());
    if (there.isEmpty()) {
      others.forEach(other -> there.add(other.name()));
    }
    there.add(ifName);
  }

  /** Takes a slave out of a namespace's rules, which go with the last one on record. */
  synchronized void unrule(long inode, String link, String ifName) {
    if (others(inode, link).isEmpty()) {
      ruled.remove(inode);
    } else if (ruled.containsKey(inode)) {
      ruled.get(inode).remove(ifName);
    }
  }

  /** Whether an attachment that begins now would be the namespace's default network. */
  synchronized boolean leads(long inode, String ifName) {
    return ifName.equals("eth0")
        || veths.entrySet().stream()
            .filter(entry -> entry.getValue().netnsInode() == inode)
            .noneMatch(entry -> leading.contains(inode + " " + entry.getKey()));
  }

  /** The attachment gets the default route. */
  synchronized void lead(long inode, String link) {
    leading.add(inode + " " + link);
  }

  synchronized Slave newSlave(EniId eni, long inode, String name) {
    Slave slave =
        new Slave(eni, Optional.empty(), inode, name, Optional.empty(), Optional.empty(), false);
    slaves.add(slave);
    return slave;
  }

  synchronized PodNetwork.@Nullable AttachOutcome takeForcedOutcome() {
    PodNetwork.AttachOutcome forced = nextAttach;
    nextAttach = null;
    return forced;
  }

  synchronized @Nullable String detachFault() {
    return detachFault;
  }

  void passAttachGate() throws InterruptedException {
    CountDownLatch gate;
    synchronized (this) {
      gate = attachGate;
      attachGate = null;
    }
    attaching.countDown();
    if (gate != null) {
      gate.await();
    }
  }

  void passDetachGate() throws InterruptedException {
    CountDownLatch gate;
    synchronized (this) {
      gate = detachGate;
      detachGate = null;
    }
    detaching.countDown();
    if (gate != null) {
      gate.await();
    }
  }
}
