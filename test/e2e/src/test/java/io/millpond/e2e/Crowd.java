package io.millpond.e2e;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/** Pods of one node that are started and stopped many at a time. Safe for many threads. */
final class Crowd implements AutoCloseable {
  private final List<Pod> living = new ArrayList<>();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Node node;
  private final ContainerRuntime runtime;
  private final Agreement agreement;

  Crowd(Vpc vpc, Node node) {
    this.node = node;
    this.runtime = new ContainerRuntime(node);
    this.agreement = new Agreement(vpc, node);
  }

  /** The seed of {@code -Dmillpond.seed}, or a printed one, chooses the moments. */
  static Random printedSeed() {
    long seed = Long.getLong("millpond.seed", ThreadLocalRandom.current().nextLong());
    System.err.println("-Dmillpond.seed=" + seed);
    return new Random(seed);
  }

  ContainerRuntime runtime() {
    return runtime;
  }

  CompletableFuture<Void> async(Runnable work) {
    return CompletableFuture.runAsync(work, threads);
  }

  static void finish(List<CompletableFuture<Void>> work) {
    CompletableFuture.allOf(work.toArray(CompletableFuture[]::new))
        .orTimeout(4, TimeUnit.MINUTES)
        .join();
  }

  /** A pod that lives once this is done. */
  CompletableFuture<Void> starting(String name) {
    return async(
        () -> {
          Pod pod = runtime.start(name);
          synchronized (living) {
            living.add(pod);
          }
        });
  }

  /** A pod that does not count as living any more is stopped. */
  CompletableFuture<Void> stopping(Pod pod) {
    return async(() -> runtime.stop(pod));
  }

  /** Those that live, but for so many; they do not count as living from now on. */
  List<Pod> allBut(int many) {
    synchronized (living) {
      List<Pod> rest = List.copyOf(living.subList(many, living.size()));
      living.removeAll(rest);
      return rest;
    }
  }

  /** So many of those that live; they do not count as living from now on. */
  List<Pod> some(int many) {
    synchronized (living) {
      List<Pod> first = List.copyOf(living.subList(0, many));
      living.removeAll(first);
      return first;
    }
  }

  /** Stops these. */
  void stop(List<Pod> pods) {
    finish(pods.stream().map(this::stopping).toList());
  }

  /**
   * kill -9 of the daemon and of about half of the plugins, in either order; how many those are.
   */
  int kill(Random random) {
    if (random.nextBoolean()) {
      node.kill();
      return runtime.killSomePlugins(random);
    }
    int killed = runtime.killSomePlugins(random);
    node.kill();
    return killed;
  }

  /** Pool, kernel, EC2 and pods agree on who lives, and nothing is left of whom was stopped. */
  void agrees() {
    agreement.holds(living);
    agreement.nothingIsLeftIn(runtime.takeStopped());
  }

  /** The end of all, also after a scenario that failed and left nobody who serves. */
  void leave() {
    if (node.pid() == 0) {
      node.launch();
    }
    node.awaitReady();
    stop(allBut(0));
    agrees();
    agreement.noEniIsLeft();
    List<Shell.Ran> ignored = runtime.takeRefused();
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}
