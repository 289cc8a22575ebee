package io.millpond.e2e;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;

/**
 * Starts and stops pods as containerd and the kubelet do: an ADD that failed is followed by DELs
 * until one succeeds, and then by another sandbox; a DEL that failed is repeated. Safe for many
 * threads.
 */
final class ContainerRuntime {
  /** Before the second attempt; before each further one twice as long, as the kubelet backs off. */
  private static final Duration PAUSE = Duration.ofSeconds(2);

  /** How often the pause is doubled. */
  private static final int MOST_DOUBLINGS = 3;

  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private final Node node;
  private final Set<Shell.Running> plugins = ConcurrentHashMap.newKeySet();
  private final AtomicInteger answers = new AtomicInteger();
  private final Queue<Pod> stopped = new ConcurrentLinkedQueue<>();
  private final Queue<Shell.Ran> refused = new ConcurrentLinkedQueue<>();

  ContainerRuntime(Node node) {
    this.node = node;
  }

  /** A pod with an address, in as many sandboxes as that takes. */
  Pod start(String name) {
    long began = System.nanoTime();
    for (int attempt = 1; ; attempt++) {
      Pod pod = new Pod(node, name + "-" + attempt);
      Shell.Ran ran = run("ADD", pod);
      if (ran.status() == 0) {
        String ignored = pod.attached(ran);
        return pod;
      }
      refused.add(ran);
      stop(pod);
      pauseUnlessLate(began, attempt, "ADD of " + pod.name(), ran);
    }
  }

  /** One ADD, whatever becomes of it; who called it stops the pod. */
  void add(Pod pod) {
    Shell.Ran ran = run("ADD", pod);
    if (ran.status() != 0) {
      refused.add(ran);
    }
  }

  /** DEL until it succeeds. What that left in the namespace can be looked at afterwards. */
  void stop(Pod pod) {
    long began = System.nanoTime();
    Shell.Ran ran = run("DEL", pod);
    for (int attempt = 1; ran.status() != 0; attempt++) {
      pauseUnlessLate(began, attempt, "DEL of " + pod.name(), ran);
      ran = run("DEL", pod);
    }
    stopped.add(pod);
  }

  private static void pauseUnlessLate(long began, int attempts, String what, Shell.Ran last) {
    if (System.nanoTime() - began > PATIENCE.toNanos()) {
      throw new AssertionError(what + " does not succeed: " + last);
    }
    try {
      Thread.sleep(PAUSE.multipliedBy(1L << Math.min(attempts - 1, MOST_DOUBLINGS)));
    } catch (InterruptedException e) {
      throw new AssertionError(what, e);
    }
  }

  private Shell.Ran run(String verb, Pod pod) {
    Shell.Running plugin =
        node.beginPlugin(Node.variables(verb, pod.name(), pod.path()), Pod.CONFIGURATION);
    plugins.add(plugin);
    try {
      return plugin.await();
    } finally {
      plugins.remove(plugin);
      answers.incrementAndGet();
    }
  }

  /** How many plugins have ended. */
  int answers() {
    return answers.get();
  }

  /** kill -9 of about half of the plugins that run; how many that are. */
  int killSomePlugins(RandomGenerator random) {
    int killed = 0;
    for (Shell.Running plugin : plugins) {
      if (random.nextBoolean()) {
        plugin.process().destroyForcibly();
        killed++;
      }
    }
    return killed;
  }

  /** The answers to ADDs that failed since the last call, those of killed plugins too. */
  List<Shell.Ran> takeRefused() {
    return taken(refused);
  }

  /** The pods that were stopped since the last call, each once. */
  List<Pod> takeStopped() {
    return taken(stopped).stream().distinct().toList();
  }

  private static <T> List<T> taken(Queue<T> queue) {
    List<T> taken = new ArrayList<>();
    for (T one = queue.poll(); one != null; one = queue.poll()) {
      taken.add(one);
    }
    return taken;
  }
}
