package io.millpond.node.testing;

import io.millpond.linux.datapath.PodDatapath;
import io.millpond.node.kernel.EniPlace;
import io.millpond.node.kernel.HostNetwork;
import io.millpond.node.kernel.KernelView;
import io.millpond.node.kernel.Netns;
import io.millpond.node.kernel.PodNetwork;
import io.millpond.node.kernel.PodPlan;
import io.millpond.node.testing.ModelKernel.Alias;
import io.millpond.node.testing.ModelKernel.Slave;
import io.millpond.node.testing.ModelKernel.Veth;
import io.millpond.node.testing.Steps.StepFailed;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.HostPort;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.PodDemands;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One daemon's ports to the model of a kernel, in the steps of the real datapath and in their
 * order. Like that one it remembers the pool routes that it found or wrote.
 */
public final class ModelDatapath implements PodNetwork, HostNetwork {
  private final ModelKernel kernel;
  private final Steps steps;
  private final Map<IpAddress, KernelView.RouteSays> known;
  private Set<IpAddress> strays = Set.of();
  private volatile @Nullable LinkListener listener;

  ModelDatapath(ModelKernel kernel, Steps steps) {
    this.kernel = kernel;
    this.steps = steps;
    this.known = new TreeMap<>(kernel.routes());
    synchronized (kernel) {
      if (!kernel.rulesAreRight()) {
        kernel.makeRulesAnew();
      }
    }
  }

  private void step(String name, Runnable effect) {
    steps.take(
        name,
        () -> {
          synchronized (kernel) {
            effect.run();
          }
        });
  }

  private interface HostWork {
    void run() throws IOException;
  }

  private static void refusing(HostWork work) throws IOException {
    try {
      work.run();
    } catch (StepFailed e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  // Attach.

  @Override
  public Optional<String> excess(PodDemands demands) {
    return PodDatapath.excess(demands);
  }

  @Override
  public AttachOutcome attach(PodPlan plan, Netns netns) {
    try {
      kernel.passAttachGate();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new AttachFailed("interrupted", false);
    }
    AttachOutcome forced = kernel.takeForcedOutcome();
    return forced != null ? forced : new Attach(plan, netns.inode()).run();
  }

  /** Thrown by a step that finds the address taken. */
  private static final class Taken extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  /** Thrown by a step that finds a host port taken. */
  private static final class PortIsTaken extends RuntimeException {
    private static final long serialVersionUID = 1;

    PortIsTaken(String message) {
      super(message);
    }
  }

  private final class Attach {
    private final PodPlan plan;
    private final long inode;
    private final String link;
    private final String ifName;
    private boolean leads;
    private boolean locked;
    private boolean marked;
    private boolean exposed;
    private Optional<KernelView.RouteSays> before = Optional.empty();

    Attach(PodPlan plan, long inode) {
      this.plan = plan;
      this.inode = inode;
      this.link = ModelKernel.linkName(plan.key());
      this.ifName = plan.key().ifName();
    }

    AttachOutcome run() {
      try {
        AttachOutcome refusal = look();
        return refusal != null ? refusal : build();
      } catch (Taken e) {
        return new AddressInUse("Address already assigned to an ipvlan device" + undo());
      } catch (PortIsTaken e) {
        return new PortTaken(e.getMessage() + undo());
      } catch (StepFailed e) {
        return new AttachFailed(e.getMessage() + undo(), exposed);
      }
    }

    private @Nullable AttachOutcome look() {
      synchronized (kernel) {
        if (!kernel.linkIsThere(plan.eni().mac())) {
          return new AttachFailed("the link of " + plan.eni().id() + " is gone", false);
        }
        if (kernel.veths.containsKey(link)) {
          return already();
        }
        if (kernel.hasInterface(inode, ifName)) {
          return new InterfaceExists("the pod's namespace has an interface " + ifName);
        }
        kernel.number(inode, link);
        leads = kernel.leads(inode, ifName);
        kernel.dead.remove(inode);
        return null;
      }
    }

    private AttachOutcome already() {
      return new AlreadyAttached(
          Optional.ofNullable(kernel.veths.get(link))
              .flatMap(Veth::alias)
              .map(Alias::netnsInode)
              .orElse(0L));
    }

    private AttachOutcome build() {
      step(
          "attach: veth",
          () -> {
            kernel.veths.put(link, new Veth(inode));
            locked = true;
          });
      step("attach: record begun", () -> record(true));
      if (!plan.demands().isEmpty()) {
        step("attach: demands", this::reserve);
      }
      synchronized (kernel) {
        before = Optional.ofNullable(known.get(plan.address()));
      }
      marked = true;
      step("attach: route in use", () -> write(plan.address(), new KernelView.InUse()));
      if (!kernel.hasVeth(link)) {
        throw new StepFailed("the veth " + link + " vanished");
      }
      step("attach: node side", () -> kernel.veths.computeIfPresent(link, (_, v) -> ready(v)));
      Slave[] slave = new Slave[1];
      step("attach: slave", () -> slave[0] = kernel.newSlave(plan.eni().id(), inode, ifName));
      step("attach: address", () -> slave[0] = address(slave[0]));
      step("attach: rules", () -> kernel.rule(inode, link, ifName));
      if (!plan.demands().bandwidth().isUnlimited()) {
        step("attach: shaping", () -> kernel.shape(inode, link));
      }
      exposed = true;
      step("attach: pod side", () -> connect(slave[0]));
      if (!plan.demands().hostPorts().isEmpty()) {
        step("attach: host ports", this::openPorts);
      }
      step("attach: record", () -> record(false));
      synchronized (kernel) {
        kernel.plans.put(link, plan);
      }
      return new Attached(link, plan.eni().mac(), Math.min(plan.mtu(), kernel.linkMtu()), leads);
    }

    private void reserve() {
      kernel.veths.forEach(
          (other, veth) -> {
            if (!other.equals(link)) {
              for (HostPort taken : veth.demands().hostPorts()) {
                if (plan.demands().hostPorts().stream().anyMatch(taken::conflictsWith)) {
                  throw new PortIsTaken(taken.words() + " is taken");
                }
              }
            }
          });
      kernel.veths.computeIfPresent(
          link, (_, v) -> new Veth(v.netnsInode(), v.alias(), v.ready(), plan.demands()));
    }

    /** All or nothing; where the rules are gone, or a port leads elsewhere, they are made anew. */
    private void openPorts() {
      boolean elsewhere =
          plan.demands().hostPorts().stream()
              .map(kernel.openPorts::get)
              .anyMatch(pod -> pod != null && !pod.equals(plan.address()));
      if (kernel.rulesAreGone || elsewhere) {
        kernel.makeRulesAnew();
      } else {
        plan.demands().hostPorts().forEach(port -> kernel.openPorts.put(port, plan.address()));
      }
    }

    private void record(boolean building) {
      Alias alias = new Alias(plan.key(), plan.address(), inode, plan.pod(), building);
      if (kernel.veths.computeIfPresent(
              link, (_, v) -> new Veth(v.netnsInode(), Optional.of(alias), v.ready(), v.demands()))
          == null) {
        throw new StepFailed("no such device: " + link);
      }
    }

    /** The record comes before the address, which may be refused. */
    private Slave address(Slave bare) {
      Slave named =
          new Slave(
              bare.eni(),
              Optional.empty(),
              inode,
              ifName,
              Optional.of(link),
              Optional.of(plan.address()),
              false);
      kernel.replace(bare, named);
      if (kernel.held(plan.eni().id(), plan.address())) {
        throw new Taken();
      }
      Slave whole =
          new Slave(
              bare.eni(),
              Optional.of(plan.address()),
              inode,
              ifName,
              Optional.of(link),
              Optional.of(plan.address()),
              false);
      kernel.replace(named, whole);
      return whole;
    }

    private void connect(Slave slave) {
      kernel.replace(slave, up(slave));
      if (leads) {
        kernel.lead(inode, link);
      }
    }

    private static Slave up(Slave slave) {
      return new Slave(
          slave.eni(),
          slave.address(),
          slave.netnsInode(),
          slave.name(),
          slave.veth(),
          slave.recorded(),
          true);
    }

    private String undo() {
      List<String> problems = new ArrayList<>();
      if (locked) {
        during(problems, () -> closePorts(link));
        during(problems, () -> clear(inode, link, ifName));
        during(problems, () -> deleteVeth(link));
      }
      if (marked) {
        during(problems, this::putBack);
      }
      return problems.isEmpty() ? "" : "; and could not undo: " + problems;
    }

    private void putBack() {
      boolean unclear = before.equals(Optional.of(new KernelView.InUse()));
      step(
          "undo: route",
          () -> {
            if (exposed || unclear) {
              write(plan.address(), releasedAt(kernel.clock.get()));
            } else if (before.isPresent()) {
              write(plan.address(), before.get());
            } else {
              erase(plan.address());
            }
          });
    }
  }

  private static Veth ready(Veth veth) {
    return new Veth(veth.netnsInode(), veth.alias(), true, veth.demands());
  }

  private static KernelView.ReleasedAt releasedAt(BootTime at) {
    return new KernelView.ReleasedAt(BootTime.ofSeconds(at.seconds()));
  }

  private void write(IpAddress address, KernelView.RouteSays says) {
    kernel.routes.put(address, says);
    known.put(address, says);
  }

  private void erase(IpAddress address) {
    known.remove(address);
    kernel.routes.remove(address);
  }

  private static void during(List<String> problems, Runnable work) {
    try {
      work.run();
    } catch (StepFailed e) {
      problems.add(String.valueOf(e.getMessage()));
    }
  }

  // Detach.

  @Override
  public DetachOutcome detach(AttachmentKey key, Optional<Netns> netns) {
    try {
      kernel.passDetachGate();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new DetachFailed("interrupted");
    }
    String fault = kernel.detachFault();
    return fault != null
        ? new DetachFailed(fault)
        : detach(ModelKernel.linkName(key), netns.map(Netns::inode));
  }

  private DetachOutcome detach(String link, Optional<Long> given) {
    Veth end;
    Optional<Alias> record;
    Optional<Long> inside;
    Optional<IpAddress> address;
    Optional<String> ifName;
    boolean told;
    BootTime at = kernel.clock.get();
    synchronized (kernel) {
      end = kernel.veths.get(link);
      record = end == null ? Optional.empty() : end.alias();
      inside =
          given.or(() -> record.map(Alias::netnsInode)).filter(one -> !kernel.dead.contains(one));
      Optional<Slave> carries =
          record.isPresent()
              ? Optional.empty()
              : inside.flatMap(
                  one ->
                      kernel.slaves.stream()
                          .filter(s -> s.netnsInode() == one && s.veth().equals(Optional.of(link)))
                          .findFirst());
      told = record.isPresent() || carries.isPresent();
      address =
          record
              .map(Alias::address)
              .or(() -> carries.flatMap(Slave::recorded).filter(this::believed));
      ifName = record.map(one -> one.key().ifName()).or(() -> carries.map(Slave::name));
    }
    List<String> problems = new ArrayList<>();
    address.ifPresent(
        one ->
            during(
                problems,
                () ->
                    step(
                        "detach: route released",
                        () -> {
                          if (known.containsKey(one)) {
                            write(one, releasedAt(at));
                          }
                        })));
    during(problems, () -> closePorts(link));
    if (end == null) {
      address.ifPresent(one -> during(problems, () -> closePortsTo(one)));
    }
    boolean[] cleared = {false};
    if (inside.isPresent() && told) {
      during(problems, () -> cleared[0] = clear(inside.get(), link, ifName.orElse("")));
    }
    if (!cleared[0] && end != null) {
      during(problems, () -> clearFromOutside(end, link, ifName));
    }
    if (end != null) {
      during(problems, () -> deleteVeth(link));
    }
    return problems.isEmpty()
        ? new Detached(kernel.clock.get(), address.isPresent())
        : new DetachFailed(String.join("; ", problems));
  }

  /** The veth took the record of its ports along. */
  private void closePortsTo(IpAddress pod) {
    if (kernel.openPorts().containsValue(pod)) {
      step("detach: host ports", () -> kernel.openPorts.values().removeIf(pod::equals));
    }
  }

  private void closePorts(String link) {
    PodDemands demands;
    synchronized (kernel) {
      Veth veth = kernel.veths.get(link);
      demands = veth == null ? PodDemands.NONE : veth.demands();
    }
    if (!demands.isEmpty()) {
      step(
          "detach: host ports",
          () -> {
            demands.hostPorts().forEach(kernel.openPorts::remove);
            kernel.veths.computeIfPresent(
                link, (_, v) -> new Veth(v.netnsInode(), v.alias(), v.ready(), PodDemands.NONE));
          });
    }
  }

  /** The pod can have written the record in its namespace. */
  private boolean believed(IpAddress address) {
    return new KernelView.InUse().equals(known.get(address))
        && kernel.veths.values().stream()
            .flatMap(veth -> veth.alias().stream())
            .noneMatch(alias -> alias.address().equals(address));
  }

  /** Takes the attachment out of a namespace; false if it is not in there. */
  private boolean clear(long inode, String link, String ifName) {
    List<Slave> gone;
    synchronized (kernel) {
      Veth veth = kernel.veths.get(link);
      boolean end = veth != null && veth.netnsInode() == inode;
      gone =
          kernel.slaves.stream()
              .filter(s -> s.netnsInode() == inode && isOf(s, link, ifName, end))
              .toList();
      if (gone.isEmpty() && !end) {
        return false;
      }
    }
    List<String> problems = new ArrayList<>();
    during(problems, () -> step("detach: rules", () -> kernel.unrule(inode, link, ifName)));
    if (kernel.isShaped(inode, link)) {
      during(problems, () -> step("detach: shaping", () -> kernel.unshape(inode, link)));
    }
    during(problems, () -> step("detach: slave", () -> kernel.removeSlaves(gone)));
    if (!problems.isEmpty()) {
      throw new StepFailed(String.join("; ", problems));
    }
    return true;
  }

  private static boolean isOf(Slave slave, String link, String ifName, boolean ownNamespace) {
    return slave.veth().isPresent()
        ? slave.veth().get().equals(link)
        : ownNamespace && (slave.name().equals(ifName) || !slave.up());
  }

  private void clearFromOutside(Veth end, String link, Optional<String> ifName) {
    List<Slave> gone;
    synchronized (kernel) {
      gone =
          kernel.slaves.stream()
              .filter(s -> s.netnsInode() == end.netnsInode())
              .filter(
                  s ->
                      ifName.isPresent()
                          ? isOf(s, link, ifName.get(), true)
                          : s.veth().isEmpty() && !s.up())
              .toList();
    }
    step(
        "detach: slave from outside",
        () -> {
          kernel.removeSlaves(gone);
          if (ifName.isPresent()) {
            kernel.unshape(end.netnsInode(), link);
          }
        });
  }

  private void deleteVeth(String link) {
    boolean[] gone = {false};
    step(
        "detach: veth",
        () -> {
          if (kernel.isStuck(link)) {
            throw new StepFailed("device or resource busy");
          }
          gone[0] = kernel.veths.remove(link) != null;
        });
    if (gone[0]) {
      kernel.tellGone(link);
    }
  }

  void hearGone(String hostLink) {
    LinkListener hears = listener;
    if (hears != null) {
      hears.vethGone(hostLink);
    }
  }

  void hearChange() {
    LinkListener hears = listener;
    if (hears != null) {
      hears.lookAgain();
    }
  }

  // The rest.

  @Override
  public CheckOutcome check(PodPlan plan, Netns netns) {
    synchronized (kernel) {
      String link = ModelKernel.linkName(plan.key());
      Veth veth = kernel.veths.get(link);
      Optional<Alias> alias = veth == null ? Optional.empty() : veth.alias();
      return alias.isPresent()
              && !alias.get().building()
              && alias.get().address().equals(plan.address())
              && alias.get().netnsInode() == netns.inode()
              && kernel.routes.get(plan.address()) instanceof KernelView.InUse
              && asBuilt(plan, kernel.plans.get(link))
              && kernel.damageOf(netns.inode()).isEmpty()
          ? new AsPlanned()
          : new Differs(List.of("the veth is not as it should be"));
    }
  }

  @Override
  public HealOutcome heal(PodPlan plan, long netnsInode) {
    List<String> wrong;
    List<String> liberties;
    synchronized (kernel) {
      kernel.lookedInto.add(plan);
      String lost = kernel.lost.get(netnsInode);
      if (lost != null || kernel.dead.contains(netnsInode)) {
        return new NotHealed(lost == null ? "its namespace is not found" : lost);
      }
      wrong = kernel.damageOf(netnsInode);
      liberties = kernel.liberties.getOrDefault(netnsInode, List.of());
    }
    if (wrong.isEmpty()) {
      return new Healed(List.of(), liberties);
    }
    try {
      step("care: pod", () -> kernel.damage.remove(netnsInode));
      return new Healed(wrong, liberties);
    } catch (StepFailed e) {
      return new NotHealed(String.valueOf(e.getMessage()));
    }
  }

  private static boolean asBuilt(PodPlan plan, @Nullable PodPlan built) {
    return built != null
        && built.eni().equals(plan.eni())
        && (plan.demands().isEmpty() || built.demands().equals(plan.demands()))
        && Set.copyOf(built.extraRoutes()).equals(Set.copyOf(plan.extraRoutes()));
  }

  @Override
  public Optional<String> rehearse(int times) {
    return Optional.empty();
  }

  @Override
  public Optional<LinkName> bringUp(EniPlace eni) throws IOException {
    if (!kernel.linkIsThere(eni.mac())) {
      return Optional.empty();
    }
    refusing(() -> step("host: ENI up", () -> {}));
    if (!eni.device().isPrimary()) {
      refusing(() -> step("host: ENI marked", () -> kernel.mark(eni.mac(), eni.pool())));
    }
    return Optional.of(new LinkName("eth" + eni.device().index()));
  }

  @Override
  public KernelView look() {
    synchronized (kernel) {
      List<KernelView.Seen> complete = new ArrayList<>();
      List<KernelView.Interrupted> interrupted = new ArrayList<>();
      kernel.veths.forEach(
          (link, veth) ->
              veth.alias()
                  .filter(alias -> !alias.building())
                  .ifPresentOrElse(
                      alias ->
                          complete.add(
                              new KernelView.Seen(
                                  link,
                                  alias.key(),
                                  alias.address(),
                                  alias.netnsInode(),
                                  alias.pod(),
                                  kernel.connects(veth),
                                  veth.demands())),
                      () ->
                          interrupted.add(
                              new KernelView.Interrupted(link, veth.alias().map(Alias::key)))));
      return new KernelView(complete, interrupted, kernel.routes, kernel.marks);
    }
  }

  @Override
  public void undo(KernelView.Interrupted interrupted) throws IOException {
    if (detach(interrupted.hostLink(), Optional.empty()) instanceof DetachFailed(String why)) {
      throw new IOException(why);
    }
  }

  @Override
  public void released(IpAddress address, BootTime at) throws IOException {
    refusing(() -> step("host: route released", () -> write(address, releasedAt(at))));
  }

  @Override
  public void inUse(IpAddress address) throws IOException {
    refusing(() -> step("host: route in use", () -> write(address, new KernelView.InUse())));
  }

  @Override
  public List<Repair> reconcile(
      Map<EniPlace, Map<IpAddress, KernelView.RouteSays>> pool, boolean complete)
      throws IOException {
    List<Repair> repairs = new ArrayList<>();
    refusing(
        () -> {
          Map<IpAddress, KernelView.RouteSays> missing = new TreeMap<>();
          Set<IpAddress> ours = new HashSet<>();
          synchronized (kernel) {
            missing.putAll(known);
            missing.keySet().removeAll(kernel.routes.keySet());
            for (Map<IpAddress, KernelView.RouteSays> addresses : pool.values()) {
              ours.addAll(addresses.keySet());
              addresses.forEach(
                  (address, says) -> {
                    if (!known.containsKey(address)) {
                      missing.put(address, says);
                    }
                  });
            }
          }
          missing.forEach(
              (address, says) -> {
                step("care: route", () -> write(address, says));
                repairs.add(new Repair("route", address.toString()));
              });
          putPortsRight(repairs);
          if (complete) {
            removeStrays(ours, repairs);
          }
        });
    return repairs;
  }

  private void putPortsRight(List<Repair> repairs) {
    boolean right;
    synchronized (kernel) {
      right = kernel.rulesAreRight();
    }
    if (!right) {
      step("care: host ports", kernel::makeRulesAnew);
      repairs.add(new Repair("host", "the open host ports were not those of the pods"));
    }
  }

  private void removeStrays(Set<IpAddress> ours, List<Repair> repairs) {
    Set<IpAddress> now;
    synchronized (kernel) {
      now = new HashSet<>(known.keySet());
    }
    now.removeAll(ours);
    look().attachments().forEach(seen -> now.remove(seen.address()));
    for (IpAddress address : strays) {
      if (now.contains(address)) {
        step("care: stray route", () -> erase(address));
        repairs.add(new Repair("route", address + " was removed"));
      }
    }
    strays = now;
  }

  @Override
  public void forget(Collection<IpAddress> addresses) throws IOException {
    refusing(() -> step("host: routes forgotten", () -> addresses.forEach(this::erase)));
  }

  @Override
  public List<String> findings() {
    return kernel.findingsNow();
  }

  /** Here an address has one route. */
  @Override
  public void removeOtherRoutes() {}

  @Override
  public boolean held(EniPlace eni, IpAddress address) {
    return kernel.held(eni.id(), address);
  }

  @Override
  public boolean lives(long netnsInode) {
    synchronized (kernel) {
      return !kernel.dead.contains(netnsInode);
    }
  }

  @Override
  public AutoCloseable watch(LinkListener hears) {
    listener = hears;
    kernel.watch(this, true);
    return () -> {
      listener = null;
      kernel.watch(this, false);
    };
  }
}
