package io.millpond.node.kernel;

import static io.millpond.node.kernel.Ip.ip;
import static io.millpond.node.kernel.Ip.quietly;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millpond.linux.BootClock;
import io.millpond.linux.datapath.DyingDatapath;
import io.millpond.linux.datapath.HostVeth;
import io.millpond.linux.datapath.PodDatapath;
import io.millpond.linux.nft.HostRules;
import io.millpond.linux.nft.Nft;
import io.millpond.node.testing.ModelDatapath;
import io.millpond.node.testing.ModelKernel;
import io.millpond.node.testing.Steps;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.Bandwidth;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.HostPort;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.MacAddress;
import io.millpond.pool.value.PodDemands;
import io.millpond.pool.value.Prefix;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The model of the kernel that the crash tests stand on is a model of this kernel: what is done to
 * one is done to the other, and both give the same answer and are in the same state, step by step.
 */
class KernelModelVmTest {
  private static final long SEED = Long.getLong("millpond.seed", System.nanoTime());
  private static final int HISTORIES = 4;
  private static final int LENGTH = 25;
  private static final Duration SOON = Duration.ofSeconds(30);
  private static final List<String> PODS = List.of("mpk-a", "mpk-b");
  private static final List<String> KEYS =
      List.of("mpk-a/eth0", "mpk-a/net1", "mpk-a/net2", "mpk-b/eth0");
  private static final List<Integer> ADDRESSES = List.of(21, 22, 23);

  /** Steps of an attach or a detach before which a daemon may die, and the model's names. */
  private static final Map<String, String> STEPS =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry("attach/VETH", "attach: veth"),
              Map.entry("attach/BEGUN", "attach: record begun"),
              Map.entry("attach/DEMANDS", "attach: demands"),
              Map.entry("attach/SHAPING", "attach: shaping"),
              Map.entry("attach/HOST_PORTS", "attach: host ports"),
              Map.entry("detach/HOST_PORTS", "detach: host ports"),
              Map.entry("detach/SHAPING", "detach: shaping"),
              Map.entry("attach/IN_USE", "attach: route in use"),
              Map.entry("attach/NODE_SIDE", "attach: node side"),
              Map.entry("attach/SLAVE", "attach: slave"),
              Map.entry("attach/ADDRESS", "attach: address"),
              Map.entry("attach/RULES", "attach: rules"),
              Map.entry("attach/POD_SIDE", "attach: pod side"),
              Map.entry("attach/RECORD", "attach: record"),
              Map.entry("detach/RELEASED", "detach: route released"),
              Map.entry("detach/RULES", "detach: rules"),
              Map.entry("detach/SLAVE", "detach: slave"),
              Map.entry("detach/SLAVE_FROM_OUTSIDE", "detach: slave from outside"),
              Map.entry("detach/VETH", "detach: veth"),
              Map.entry("detach/PUT_BACK", "undo: route")));

  private static final NodeFacts FACTS =
      new NodeFacts(
          IpAddress.parse("10.0.1.10"), List.of(Prefix.parse("10.0.0.0/16")), List.of(), 1500);
  private static final EniPlace ENI =
      new EniPlace(
          new EniId("eni-00000000000000051"),
          DeviceIndex.PRIMARY,
          MacAddress.parse("02:00:00:00:00:51"),
          IpAddress.parse("10.0.1.10"),
          Prefix.parse("10.0.1.0/24"));

  private final ModelKernel model = new ModelKernel(BootClock::now);
  private final Map<String, Long> inodes = new HashMap<>();
  private final Set<Integer> aliens = new TreeSet<>();
  private final List<String> story = new ArrayList<>();
  private LinuxHost real;
  private ModelDatapath modelled;
  private boolean died;

  @BeforeEach
  void build() throws Exception {
    ip("netns add mpk-gw");
    ip("netns add mpk-x");
    ip("link add mpkeni address 02:00:00:00:00:51 type veth peer name mpkwire netns mpk-gw");
    ip("-n mpk-gw addr add 10.0.1.1/24 dev mpkwire");
    ip("-n mpk-gw link set mpkwire up");
    ip("addr add 10.0.1.10/24 dev mpkeni");
    ip("link set mpkeni up");
    model.allLinksArePluggedIn();
    model.linkMtu(1500);
    for (String pod : PODS) {
      addNamespace(pod);
    }
    restart(PodDatapath::new, Steps.FREE);
  }

  @AfterEach
  void remove() throws Exception {
    for (String namespace : List.of("mpk-a", "mpk-b", "mpk-x", "mpk-gw")) {
      quietly("netns del " + namespace);
    }
    // A namespace's links go some time after it; these take their other ends and slaves along.
    for (String key : KEYS) {
      quietly("link del " + HostVeth.of(key(key)).name());
    }
    quietly("link del mpkeni");
    quietly("route flush type unreachable");
  }

  private void addNamespace(String pod) throws Exception {
    ip("netns add " + pod);
    inodes.put(pod, ((Number) Files.getAttribute(netns(pod), "unix:ino")).longValue());
  }

  private long inode(String pod) {
    return Objects.requireNonNull(inodes.get(pod), pod);
  }

  private static Path netns(String pod) {
    return Path.of("/run/netns", pod);
  }

  private void restart(
      java.util.function.Function<io.millpond.linux.datapath.PoolRoutes, PodDatapath> datapath,
      Steps steps)
      throws IOException {
    real = new LinuxHost(FACTS, datapath);
    modelled = model.datapath(steps);
  }

  private static AttachmentKey key(String name) {
    return new AttachmentKey("millpond", name, name.substring(name.indexOf('/') + 1));
  }

  private static String podOf(String key) {
    return key.substring(0, key.indexOf('/'));
  }

  private static IpAddress address(int last) {
    return IpAddress.parse("10.0.1." + last);
  }

  // What is done to both.

  /** A command and its words, as in a story that is told to people. */
  private void take(String command) throws Exception {
    story.add(command);
    String[] words = command.split(" ");
    switch (words[0]) {
      case "attach" -> same(attach(words, real.pods(), true), attach(words, modelled, false));
      case "detach" -> same(detach(words, real.pods(), true), detach(words, modelled, false));
      case "die" -> die(words);
      case "restart" -> restart(PodDatapath::new, Steps.FREE);
      case "undo" -> {
        undo(real);
        undo(modelled);
      }
      case "lose" -> {
        quietly("link del " + HostVeth.of(key(words[1])).name());
        model.deleteVeth(key(words[1]));
      }
      case "kill" -> kill(words[1]);
      case "alien" -> alien(Integer.parseInt(words[1]));
      case "flush" -> {
        quietly("route flush type unreachable");
        model.flushRoutes();
      }
      case "wipe" -> {
        boolean _ = HostRules.remove();
        model.flushRules();
      }
      case "released" -> {
        real.released(address(Integer.parseInt(words[1])), BootTime.BOOT);
        modelled.released(address(Integer.parseInt(words[1])), BootTime.BOOT);
      }
      case "used" -> {
        real.inUse(address(Integer.parseInt(words[1])));
        modelled.inUse(address(Integer.parseInt(words[1])));
      }
      case "forget" -> {
        real.forget(List.of(address(Integer.parseInt(words[1]))));
        modelled.forget(List.of(address(Integer.parseInt(words[1]))));
      }
      case "care" -> {
        Map<EniPlace, Map<IpAddress, KernelView.RouteSays>> pool =
            Map.of(ENI, Map.of(address(21), new KernelView.ReleasedAt(BootTime.BOOT)));
        real.reconcile(pool, true);
        modelled.reconcile(pool, true);
      }
      default -> throw new IllegalArgumentException(command);
    }
    same(realState(), modelState());
  }

  private void same(Object realAnswer, Object modelAnswer) {
    assertThat(modelAnswer)
        .as("the model's, where the kernel's is %s, after %s", realAnswer, story)
        .isEqualTo(realAnswer);
  }

  private interface InPod {
    String run(Netns netns) throws IOException;
  }

  private String inPod(String pod, boolean onReal, InPod work) throws IOException {
    if (!onReal) {
      return work.run(ModelKernel.netns(inode(pod)));
    }
    io.millpond.linux.netns.Netns opened = io.millpond.linux.netns.Netns.open(netns(pod));
    try (LinuxNetns netns = LinuxNetns.adopt(opened.fd(), inode(pod))) {
      return work.run(netns);
    }
  }

  /** attach KEY NAMESPACE ADDRESS [HOSTPORT]. */
  private String attach(String[] words, PodNetwork pods, boolean onReal) throws IOException {
    PodPlan plan =
        new PodPlan(
            key(words[1]),
            "default/x",
            address(Integer.parseInt(words[3])),
            ENI,
            1500,
            List.of(),
            words.length > 4 ? demands(Integer.parseInt(words[4])) : PodDemands.NONE);
    return inPod(
        words[2],
        onReal,
        netns ->
            switch (pods.attach(plan, netns)) {
              case PodNetwork.Attached attached ->
                  attached.mac() + " " + attached.mtu() + " leads " + attached.leads();
              case PodNetwork.AlreadyAttached already -> "already in " + already.netnsInode();
              case PodNetwork.AttachFailed failed -> "failed, exposed " + failed.exposed();
              case PodNetwork.AttachOutcome other -> other.getClass().getSimpleName();
            });
  }

  private static PodDemands demands(int port) {
    return new PodDemands(
        List.of(new HostPort(Optional.empty(), HostPort.Protocol.UDP, port, 80)),
        new Bandwidth(Optional.of(Bandwidth.Limit.withUsualBurst(10_000_000)), Optional.empty()));
  }

  /** detach KEY [NAMESPACE]. */
  private String detach(String[] words, PodNetwork pods, boolean onReal) throws IOException {
    if (words.length == 2) {
      return told(pods.detach(key(words[1]), Optional.empty()));
    }
    return inPod(words[2], onReal, netns -> told(pods.detach(key(words[1]), Optional.of(netns))));
  }

  private static String told(PodNetwork.DetachOutcome outcome) {
    return switch (outcome) {
      case PodNetwork.Detached detached -> "detached, found " + detached.found();
      case PodNetwork.DetachFailed failed -> "failed: " + failed.detail();
    };
  }

  /** die STEP COMMAND: an attach or a detach by a daemon that dies before the step. */
  private void die(String[] words) throws IOException {
    String last = Objects.requireNonNull(STEPS.get(words[1]), words[1]);
    restart(
        routes -> DyingDatapath.before(words[1], routes),
        (name, effect) -> {
          if (name.equals(last)) {
            throw new DyingDatapath.Killed();
          }
          effect.run();
        });
    String[] command = Arrays.copyOfRange(words, 2, words.length);
    String answer = unlessKilled(command, real.pods(), true);
    same(answer, unlessKilled(command, modelled, false));
    died = answer.equals("died");
    restart(PodDatapath::new, Steps.FREE);
  }

  private void takeAndDie(String command) throws Exception {
    take(command);
    assertThat(died).as("the step was taken: %s", story).isTrue();
  }

  private String unlessKilled(String[] command, PodNetwork pods, boolean onReal)
      throws IOException {
    try {
      return command[0].equals("attach")
          ? attach(command, pods, onReal)
          : detach(command, pods, onReal);
    } catch (DyingDatapath.Killed e) {
      return "died";
    }
  }

  private static void undo(HostNetwork host) throws IOException {
    for (KernelView.Interrupted interrupted : host.look().interrupted()) {
      host.undo(interrupted);
    }
  }

  private void kill(String pod) throws Exception {
    ip("netns del " + pod);
    long inode = inode(pod);
    model.killNamespace(inode);
    // A namespace's links go some time after it. Its successor is not there yet.
    String after = state(modelled, ModelKernel::linkName);
    await()
        .atMost(SOON)
        .untilAsserted(
            () -> assertThat(state(real, key -> HostVeth.of(key).name())).isEqualTo(after));
    addNamespace(pod);
  }

  /** A slave that nobody knows, in a namespace of nobody's, takes the address or gives it up. */
  private void alien(int last) throws Exception {
    if (aliens.remove(last)) {
      ip("-n mpk-x link del mpkx" + last);
      model.removeAlien(address(last));
      return;
    }
    ip("link add link mpkeni name mpkx" + last + " netns mpk-x type ipvlan mode l2");
    boolean given;
    try {
      ip("-n mpk-x addr add 10.0.1." + last + "/32 dev mpkx" + last);
      given = true;
    } catch (IOException e) {
      ip("-n mpk-x link del mpkx" + last); // a pod has it
      given = false;
    }
    same(given, !modelled.held(ENI, address(last)));
    if (given) {
      model.alienSlave(ENI.id(), address(last));
      aliens.add(last);
    }
  }

  // What is seen of both.

  private String realState() throws IOException {
    StringBuilder state = new StringBuilder(state(real, key -> HostVeth.of(key).name()));
    for (String pod : PODS) {
      try (io.millpond.linux.netns.Netns inside = io.millpond.linux.netns.Netns.open(netns(pod))) {
        state.append(inside(pod, inside.inside(Seen::here)));
      }
    }
    Map<HostPort, IpAddress> open = new HashMap<>();
    HostRules.open().forEach(one -> open.put(one.port(), one.pod()));
    return state.append(opened(open)).toString();
  }

  private String modelState() throws IOException {
    StringBuilder state = new StringBuilder(state(modelled, ModelKernel::linkName));
    for (String pod : PODS) {
      state.append(
          inside(pod, new Seen(model.interfacesIn(inode(pod)), model.ruledIn(inode(pod)))));
    }
    return state.append(opened(model.openPorts())).toString();
  }

  private static String opened(Map<HostPort, IpAddress> open) {
    TreeSet<String> lines = new TreeSet<>();
    open.forEach((port, pod) -> lines.add("\n" + port.words() + " leads to " + pod));
    return String.join("", lines);
  }

  private static String inside(String pod, Seen seen) {
    return "\n%s has %s and rules for %s".formatted(pod, seen.interfaces(), seen.ruled());
  }

  /** What is seen from within a pod. */
  private record Seen(Set<String> interfaces, Set<String> ruled) {
    private static final Set<String> SLAVES = Set.of("eth0", "net1", "net2");
    private static final Set<String> NAMES =
        Set.of("eth0", "eth1", "net1", "net2", "mpd0", "mpd1", "mpd2", "mpd0i", "mpd1i", "mpd2i");

    /** In the calling thread's namespace. */
    static Seen here() throws IOException {
      Set<String> interfaces = new TreeSet<>();
      for (String line : Files.readAllLines(Path.of("/proc/thread-self/net/dev"))) {
        String name = line.trim().replaceAll(":.*", "");
        if (NAMES.contains(name)) {
          interfaces.add(name);
        }
      }
      Set<String> ruled = new TreeSet<>();
      String enis = Nft.run("list ruleset").replaceAll("(?s).*set enis \\{(.*?)\n\t\\}.*", "$1");
      for (String name : SLAVES) {
        if (enis.contains("\"" + name + "\"")) {
          ruled.add(name);
        }
      }
      return new Seen(interfaces, ruled);
    }
  }

  private static String state(
      HostNetwork host, java.util.function.Function<AttachmentKey, String> linkName)
      throws IOException {
    Map<String, String> keys = new HashMap<>();
    KEYS.forEach(name -> keys.put(linkName.apply(key(name)), name));
    KernelView view = host.look();
    TreeSet<String> lines = new TreeSet<>();
    view.attachments()
        .forEach(
            seen ->
                lines.add(
                    "%s is %s with %s in %d (%s)"
                            .formatted(
                                keys.get(seen.hostLink()),
                                seen.key(),
                                seen.address(),
                                seen.netnsInode(),
                                seen.pod())
                        + (seen.demands().isEmpty() ? "" : " asks for " + seen.demands())));
    view.interrupted().forEach(one -> lines.add(keys.get(one.hostLink()) + " is interrupted"));
    view.poolRoutes()
        .forEach((address, says) -> lines.add(address + " is " + says.getClass().getSimpleName()));
    for (int last : ADDRESSES) {
      lines.add(address(last) + (host.held(ENI, address(last)) ? " is held" : " is not held"));
    }
    return String.join("\n", lines);
  }

  // The scripts.

  @Tag("vm")
  @ParameterizedTest
  @ValueSource(
      strings = {
        "attach A a 21; attach A a 21; attach A b 22; attach A a 22; detach A; detach A",
        "released 21; attach A a 21; detach A a; attach A b 21; detach A b; forget 21",
        "attach A a 21; attach N a 22; attach B b 21; attach B b 22; detach B a; detach B b",
        "alien 21; attach A a 21; released 22; used 21; attach A a 21; alien 21; attach A a 21",
        "attach A a 21; lose A; attach A a 22; attach B b 21; detach A a; attach B b 21",
        "released 21; attach A a 21; lose A; detach A; detach A a",
        "attach A a 21; kill a; attach A a 21; kill a; detach A; detach A a",
        "released 21; attach A a 21; restart; detach A; restart; attach A a 21; flush; care; detach A",
        "released 21; released 22; attach A a 21; flush; restart; care; care; detach A; care; care",
        "attach A a 21 80; attach B b 22 80; attach B b 22 81; detach A; attach A a 23 80; detach B b",
        "attach A a 21 80; wipe; attach B b 22 80; attach B b 22 81; wipe; care; detach A; detach B",
        "attach A a 21 80; attach B b 22 81; wipe; detach A; restart; wipe; restart; detach B b",
        "attach A a 21 80; lose A; attach B b 22 80; attach N a 23 81; care; detach A a; care; detach B b",
        "attach A a 21 80; kill a; attach B b 22 80; attach A a 23 81; care; kill b; care",
        "used 22; released 23; care; care; forget 21; care; restart; care; care",
        "attach A a 21; attach N a 22; attach M a 23; detach A a; attach A a 21; detach N; detach M; detach A",
        "attach N a 21; attach A a 22; attach M a 21; attach M a 23; detach N a; lose A; attach N a 21; detach A a",
        "attach A a 21; attach N a 22; kill a; attach M a 23; detach N; detach A a; attach A a 21; restart; detach M",
      })
  void theModelAnswersAsTheKernelDoes(String script) throws Exception {
    for (String command : script.split("; ", -1)) {
      take(
          command
              .replace(" A", " mpk-a/eth0")
              .replace(" N", " mpk-a/net1")
              .replace(" M", " mpk-a/net2")
              .replace(" B", " mpk-b/eth0")
              .replaceAll(" ([ab])( |$)", " mpk-$1$2"));
    }
  }

  @Tag("vm")
  @ParameterizedTest
  @ValueSource(
      strings = {
        "VETH",
        "BEGUN",
        "DEMANDS",
        "IN_USE",
        "NODE_SIDE",
        "SLAVE",
        "ADDRESS",
        "RULES",
        "SHAPING",
        "POD_SIDE",
        "HOST_PORTS",
        "RECORD"
      })
  void whatAnAttachLeavesWhoseDaemonDiesIsTheSame(String step) throws Exception {
    take("released 21");
    takeAndDie("die attach/" + step + " attach mpk-a/eth0 mpk-a 21 80");
    take("attach mpk-a/eth0 mpk-a 22");
    take("attach mpk-b/eth0 mpk-b 21 80");
    take("undo");
    take("attach mpk-a/eth0 mpk-a 21 80");
    take("detach mpk-a/eth0");
    takeAndDie("die attach/" + step + " attach mpk-a/eth0 mpk-a 23 80");
    take("detach mpk-a/eth0 mpk-a");
  }

  @Tag("vm")
  @ParameterizedTest
  @CsvSource({
    "RELEASED, mpk-a",
    "HOST_PORTS, mpk-a",
    "RULES, mpk-a",
    "SHAPING, mpk-a",
    "SLAVE, mpk-a",
    "VETH, mpk-a",
    "SLAVE_FROM_OUTSIDE, mpk-b"
  })
  void whatADetachLeavesWhoseDaemonDiesIsTheSame(String step, String namespace) throws Exception {
    String dies = "die detach/" + step + " detach mpk-a/eth0 " + namespace;
    take("released 21");
    take("attach mpk-a/eth0 mpk-a 21 80");
    takeAndDie(dies);
    take("attach mpk-b/eth0 mpk-b 21 80");
    take("attach mpk-a/eth0 mpk-a 22");
    take("undo");
    take("detach mpk-a/eth0 " + namespace);
    take("attach mpk-a/eth0 mpk-a 23 80");
    take("lose mpk-a/eth0");
    take(dies);
    take("detach mpk-a/eth0 mpk-a");
    take("attach mpk-a/eth0 mpk-a 23");
  }

  /** The address is taken, so the attach takes back what it built. */
  @Tag("vm")
  @ParameterizedTest
  @ValueSource(strings = {"HOST_PORTS", "RULES", "SLAVE", "VETH", "PUT_BACK"})
  void whatAnUndoneAttachLeavesWhoseDaemonDiesIsTheSame(String step) throws Exception {
    take("alien 21");
    takeAndDie("die detach/" + step + " attach mpk-a/eth0 mpk-a 21 80");
    take("attach mpk-a/eth0 mpk-a 22");
    take("detach mpk-a/eth0 mpk-a");
    take("attach mpk-a/eth0 mpk-a 22");
  }

  /** Each history begins on a new node, so that its seed alone repeats it. */
  @Tag("vm")
  @RepeatedTest(HISTORIES)
  void theModelAnswersAsTheKernelDoesWhateverIsDone(RepetitionInfo repetition) throws Exception {
    long seed = SEED + repetition.getCurrentRepetition() - 1;
    story.add("-Dmillpond.seed=" + seed);
    System.out.println(story.getFirst());
    SplittableRandom random = new SplittableRandom(seed);
    while (story.size() <= LENGTH) {
      String command = any(random);
      take(command);
      // What shows only together, and by chance would come together seldom.
      if (command.equals("care") || command.equals("flush")) {
        take("care");
      } else if (command.startsWith("lose mpk-a/")) {
        String other = command.endsWith("eth0") ? "net1" : "eth0";
        take("attach mpk-a/%s mpk-a %d".formatted(other, random.nextInt(21, 24)));
      }
    }
  }

  private static String any(SplittableRandom random) {
    String key = KEYS.get(random.nextInt(KEYS.size()));
    String pod = random.nextInt(6) > 0 ? podOf(key) : PODS.get(random.nextInt(PODS.size()));
    int address = ADDRESSES.get(random.nextInt(ADDRESSES.size()));
    String last = address + (random.nextBoolean() ? " " + random.nextInt(80, 82) : "");
    return switch (random.nextInt(21)) {
      case 0, 1, 2, 3 -> "attach %s %s %s".formatted(key, pod, last);
      case 4 -> "detach " + key;
      case 5 -> "detach " + key + " " + pod;
      case 6 -> "lose " + key;
      case 7 -> "kill " + pod;
      case 8 -> "alien " + address;
      case 9 -> "released " + address;
      case 10 -> "used " + address;
      case 11 -> "forget " + address;
      case 12 -> random.nextBoolean() ? "care" : "flush";
      case 17 -> "care";
      case 18 -> "detach " + key + " " + PODS.get(random.nextInt(PODS.size()));
      case 19 -> "wipe";
      case 13 -> "restart";
      case 14 -> "undo";
      case 15 -> dying(random, "attach", "attach %s %s %s".formatted(key, pod, last));
      case 16 -> dying(random, "detach", "attach %s %s %s".formatted(key, pod, last));
      default ->
          dying(random, "detach", "detach " + key + (random.nextInt(3) > 0 ? " " + pod : ""));
    };
  }

  private static String dying(SplittableRandom random, String kind, String command) {
    List<String> steps = STEPS.keySet().stream().filter(step -> step.startsWith(kind)).toList();
    return "die " + steps.get(random.nextInt(steps.size())) + " " + command;
  }
}
