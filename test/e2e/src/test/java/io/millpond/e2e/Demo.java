package io.millpond.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What {@code ./demo} shows: a VPC with two nodes, six pods, and a daemon that is killed. Whatever
 * it claims it has looked at; the exit status is 0 only if all of it was true.
 */
final class Demo implements AutoCloseable {
  private static final PrintStream OUT = new PrintStream(System.out, true, UTF_8);

  private final Exchange exchange = new Exchange();
  private final List<Pod> pods = new ArrayList<>();
  private final List<String> untrue = new ArrayList<>();
  private final Vpc vpc;
  private final Node a;
  private final Node b;

  private Demo(Vpc vpc) {
    this.vpc = vpc;
    Map<String, String> settings =
        Map.of("WARM_IP_TARGET", "2", "MINIMUM_IP_TARGET", "4", "IP_COOLDOWN_PERIOD", "10s");
    this.a = vpc.launch("node-a", "t3.small", Vpc.SUBNET_1, settings);
    this.b = vpc.launch("node-b", "t3.small", Vpc.SUBNET_2, settings);
  }

  /**
   * Shows everything.
   *
   * @param arguments {@code --check}: wait for nobody; or where the page listens, and its address
   *     as people see it
   */
  public static void main(String[] arguments) throws Exception {
    heading("A VPC: two subnets, two nodes of 3 ENIs with 4 addresses each, hosts outside");
    Demo demo = new Demo(Vpc.start());
    Thread cleaning = new Thread(demo::close);
    // Ctrl-C ends the process, and must not leave namespaces behind.
    Runtime.getRuntime().addShutdownHook(cleaning);
    int status = 1;
    try {
      demo.show();
      if (!arguments[0].equals("--check")) {
        demo.lookAround(arguments[0], arguments[1]);
      }
      status = demo.verdict();
    } catch (RuntimeException | Error e) {
      OUT.println("\nThe demo broke off: " + e);
      OUT.println("\nnode-a's log:\n" + demo.a.log() + "\nnode-b's log:\n" + demo.b.log());
    }
    System.exit(status);
  }

  @Override
  public void close() {
    exchange.close();
    pods.forEach(Pod::close);
    vpc.close();
  }

  private static void heading(String text) {
    OUT.println("\n== " + text);
  }

  /** Says what was seen, and remembers if it is not what should be. */
  private void claim(boolean true_, String text) {
    OUT.println((true_ ? "   ok  " : "   NOT TRUE  ") + text);
    if (!true_) {
      untrue.add(text);
    }
  }

  private void show() throws Exception {
    pool();
    pods();
    talk();
    daemonDown();
    claim(vpc.sourceCheckDropped() == 0, "the VPC dropped no frame for a foreign source address");
  }

  private void pool() throws InterruptedException {
    heading("Two daemons fill their pools: WARM_IP_TARGET=2, MINIMUM_IP_TARGET=4");
    a.launch();
    b.launch();
    Set<String> shown = new LinkedHashSet<>();
    long deadline = System.nanoTime() + 120_000_000_000L;
    while (System.nanoTime() < deadline && (total(a) < 4 || total(b) < 4)) {
      for (Node node : List.of(a, b)) {
        poolLine(node).filter(shown::add).ifPresent(OUT::println);
      }
      Thread.sleep(200);
    }
    for (Node node : List.of(a, b)) {
      node.awaitReady();
      poolLine(node).filter(shown::add).ifPresent(OUT::println);
      claim(
          node.count("total") == 4 && node.count("enis") == 2,
          node.netns() + " has 4 addresses, on 2 ENIs, before any pod");
      exchange.serve(node.netns());
    }
    for (String host : List.of(Vpc.HOST, Vpc.INTERNET)) {
      exchange.serve(host);
    }
  }

  private static int total(Node node) {
    Shell.Ran page = node.page("/v1/pool");
    return page.status() == 0 ? Pod.document(page).at("/counts/total").asInt() : 0;
  }

  private static java.util.Optional<String> poolLine(Node node) {
    Shell.Ran page = node.page("/v1/pool");
    if (page.status() != 0) {
      return java.util.Optional.empty();
    }
    JsonNode counts = Pod.document(page).at("/counts");
    return java.util.Optional.of(
        "   %s  ENIs %d  addresses %d  free %d  owned %d  cooling %d"
            .formatted(
                node.netns(),
                counts.path("enis").asInt(),
                counts.path("total").asInt(),
                counts.path("free").asInt(),
                counts.path("owned").asInt(),
                counts.path("cooling").asInt()));
  }

  private Pod pod(Node node, String name) {
    long began = System.nanoTime();
    Pod pod = Pod.added(node, name);
    long millis = (System.nanoTime() - began) / 1_000_000;
    pods.add(pod);
    exchange.serve(name);
    OUT.printf("   %s on %s: %s (%d ms here)%n", name, node.netns(), pod.address(), millis);
    return pod;
  }

  private void pods() {
    heading("Six pods, each with an address of the VPC");
    for (int i = 1; i <= 4; i++) {
      pod(a, "pod-a" + i);
    }
    for (int i = 1; i <= 2; i++) {
      pod(b, "pod-b" + i);
    }
    poolLine(a).ifPresent(OUT::println);
    poolLine(b).ifPresent(OUT::println);
  }

  private void saw(Pod from, String what, String address, String expected, String whose) {
    String saw = Exchange.tcp(from.name(), address, Exchange.PORT);
    claim(
        saw.equals(expected),
        "%s -> %s (%s): it saw %s, %s".formatted(from.name(), what, address, saw, whose));
  }

  private void talk() {
    heading("Pods talk across nodes with their own addresses: no overlay, no NAT");
    for (Pod from : pods) {
      for (Pod to : pods) {
        if (from.name().charAt(4) < to.name().charAt(4)) {
          saw(from, to.name(), to.address(), from.address(), "the pod's own address");
        }
      }
    }
    saw(
        pods.getLast(),
        pods.getFirst().name(),
        pods.getFirst().address(),
        pods.getLast().address(),
        "the pod's own address");
    saw(
        pods.getFirst(),
        "a host of the VPC",
        Vpc.HOST_ADDRESS,
        pods.getFirst().address(),
        "the pod's own address");
    saw(
        pods.getFirst(),
        "the internet",
        Vpc.INTERNET_ADDRESS,
        a.address(),
        "the node's address, which has a public one");
  }

  private void daemonDown() throws Exception {
    heading("node-a's daemon is killed");
    Pod stays = pods.get(0);
    List<Pod> leave = List.of(pods.get(2), pods.get(3));
    Process ping =
        new ProcessBuilder(
                "nsenter",
                "--net=" + stays.path(),
                "ping",
                "-i",
                "0.2",
                "-q",
                pods.getLast().address())
            .start();
    Pod late = new Pod(a, "pod-a5");
    pods.add(late);
    long pid = a.pid();
    a.kill();
    OUT.println("   kill -9 " + pid);

    Node.Timed refused = a.timedPlugin("ADD", late.name(), late.path(), Pod.CONFIGURATION);
    claim(
        Pod.document(refused.ran()).at("/code").asInt() == 11,
        "ADD of pod-a5 is refused with code 11: " + refused.ran().out().strip());
    claim(refused.millis() < 100, "in " + refused.millis() + " ms");
    for (Pod pod : leave) {
      claim(pod.del().status() == 0, "DEL of " + pod.name() + " succeeds: it is kept in the spool");
    }
    String[] spooled = a.run().resolve("spool").toFile().list();
    claim(spooled != null && spooled.length == 2, "the spool holds both DELs");

    heading("node-a's daemon comes back");
    int before = a.log().length();
    a.launch();
    int tries = 1;
    long deadline = System.nanoTime() + 120_000_000_000L;
    while (late.add().status() != 0) {
      tries++;
      Thread.sleep(300); // as patient as a runtime: the daemon needs the processors to start
      if (System.nanoTime() > deadline) {
        throw new AssertionError("node-a's daemon does not come back");
      }
    }
    String log = a.log().substring(before);
    claim(
        log.split("kept in the spool took effect", -1).length == 3
            && log.lastIndexOf("kept in the spool took effect") < log.indexOf(late.name()),
        "ADD of pod-a5 succeeds at try %d: both DELs took effect before it".formatted(tries));
    a.awaitReady();
    claim(
        leave.stream().noneMatch(pod -> a.state(pod.address()).equals("owned")),
        "the addresses of pod-a3 and pod-a4 rest");
    Shell.run("kill", "-INT", String.valueOf(ping.pid())).orThrow();
    String sum =
        new String(ping.getInputStream().readAllBytes(), UTF_8).replaceAll("(?s).*---\n", "");
    claim(
        sum.contains(" 0% packet loss"),
        "pod-a1 went on talking to pod-b2 all the time: " + sum.lines().findFirst().orElse(sum));
    poolLine(a).ifPresent(OUT::println);
  }

  private int verdict() {
    OUT.println(
        untrue.isEmpty()
            ? "\nAll of this was true."
            : "\nNot true:\n   " + String.join("\n   ", untrue));
    return untrue.isEmpty() ? 0 : 1;
  }

  private void lookAround(String listen, String address) throws IOException {
    int colon = listen.lastIndexOf(':');
    HttpServer server =
        HttpServer.create(
            new InetSocketAddress(
                listen.substring(0, colon), Integer.parseInt(listen.substring(colon + 1))),
            16);
    server.createContext("/", this::answer);
    server.start();
    OUT.printf("%nThe nodes' pages: http://%s/   Enter ends the demo.%n", address);
    int ignored = System.in.read();
    server.stop(0);
  }

  /** The page of a node is its daemon's own. */
  private void answer(HttpExchange request) throws IOException {
    try (request) {
      String path = request.getRequestURI().getPath();
      for (Node node : List.of(a, b)) {
        String prefix = "/" + node.netns();
        if (path.startsWith(prefix + "/")) {
          Shell.Ran page = node.page(path.substring(prefix.length()));
          send(request, path.endsWith("/") ? "text/html" : "application/json", page.out());
          return;
        }
      }
      send(
          request,
          "text/html",
          "<!doctype html><title>millpond demo</title><h1>millpond demo</h1><ul>"
              + "<li><a href=node-a/>node-a</a><li><a href=node-b/>node-b</a></ul>");
    }
  }

  private static void send(HttpExchange request, String type, String body) throws IOException {
    request.getResponseHeaders().set("Content-Type", type + "; charset=utf-8");
    byte[] octets = body.getBytes(UTF_8);
    request.sendResponseHeaders(200, octets.length == 0 ? -1 : octets.length);
    request.getResponseBody().write(octets);
  }
}
