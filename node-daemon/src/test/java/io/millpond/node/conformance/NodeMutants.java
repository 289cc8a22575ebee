package io.millpond.node.conformance;

import static io.millpond.node.testing.CniRuntime.request;

import io.millpond.node.kernel.HostNetwork;
import io.millpond.node.kernel.KernelView;
import io.millpond.node.testing.CniRuntime;
import io.millpond.node.testing.CniRuntime.Reply;
import io.millpond.node.testing.CniRuntime.Request;
import io.millpond.node.testing.NodeMutant;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;

/** Daemons that break a rule each. */
final class NodeMutants {
  private static final AtomicInteger AT_WORK = new AtomicInteger();

  static final List<NodeMutant> ALL =
      List.of(
          new NodeMutant("ALWAYS_ETH0", 63).answers(asking(ask -> ask.with("CNI_IFNAME", "eth0"))),
          new NodeMutant("THE_RESULT_SAYS_ETH0", 63)
              .answers(
                  (runtime, ask) -> {
                    Reply reply = runtime.reallyAsk(ask);
                    return new Reply(
                        reply.status(), reply.text().replace(ask.get("CNI_IFNAME"), "eth0"));
                  }),
          new NodeMutant("WHAT_EXISTS_IS_TAKEN_OVER", 64).pods(OtherPods.TakingOver::new),
          new NodeMutant("A_SECOND_ADD_REPLACES_THE_FIRST", 65)
              .answers(
                  (runtime, ask) -> {
                    if (ask.is("ADD")) {
                      Reply ignored = runtime.reallyAsk(delOf(ask));
                    }
                    return runtime.reallyAsk(ask);
                  }),
          new NodeMutant("A_FAILED_ADD_LEAVES_A_SLAVE", 68).pods(OtherPods.Leaving::new),
          new NodeMutant("DEL_NEEDS_THE_RESULT", 69, 77, 78)
              .answers(
                  (runtime, ask) ->
                      ask.is("DEL") && ask.keys().isEmpty()
                          ? Reply.error(7)
                          : runtime.reallyAsk(ask)),
          new NodeMutant("PODS_ARE_NOT_ON_RECORD", 70)
              .host(
                  seeing(
                      view ->
                          new KernelView(
                              List.of(), view.interrupted(), view.poolRoutes(), view.enis()))),
          new NodeMutant("ONE_AT_A_TIME", 71).answers(NodeMutants::oneAtATime),
          new NodeMutant("ADD_ANSWERS_BEFORE_THE_POD_IS_BUILT", 72).pods(OtherPods.Hasty::new),
          new NodeMutant("SHORTAGE_IS_INTERNAL", 73).answers(code(11, 999)),
          new NodeMutant("NO_CLEANUP_IS_NEEDED", 74).answers(code(100, 3)),
          new NodeMutant("A_BAD_NAMESPACE_IS_A_BAD_POD", 75).answers(code(8, 100)),
          new NodeMutant("DEL_NEEDS_THE_NAMESPACE", 76, 79).pods(OtherPods.Forgetful::new),
          new NodeMutant("DEL_WITHOUT_NAMESPACE_DOES_NOTHING", 79)
              .answers(
                  (runtime, ask) ->
                      ask.is("DEL") && ask.inode() == 0 ? Reply.SILENCE : runtime.reallyAsk(ask)),
          new NodeMutant("NO_NAMESPACE_IS_THE_NODES", 80)
              .answers(
                  (runtime, ask) -> {
                    if (ask.is("DEL") && ask.inode() == 0) {
                      runtime.node.kernel.killNamespace(0);
                    }
                    return runtime.reallyAsk(ask);
                  }),
          new NodeMutant("DEL_GOES_BY_THE_RESULT", 81)
              .answers(
                  (runtime, ask) ->
                      ask.is("DEL") && !ask.keys().isEmpty()
                          ? runtime.reallyAsk(ask.copy().with("CNI_CONTAINERID", "b"))
                          : runtime.reallyAsk(ask)),
          new NodeMutant("DEL_DOES_NOT_WAIT", 85)
              .answers(
                  (runtime, ask) -> {
                    if (!ask.is("DEL")) {
                      return runtime.reallyAsk(ask);
                    }
                    Thread _ = Thread.ofPlatform().daemon().start(() -> ignore(runtime, ask));
                    return Reply.SILENCE;
                  }),
          new NodeMutant("NO_REST", 87)
              .answers(
                  (runtime, ask) -> {
                    Reply reply = runtime.reallyAsk(ask);
                    if (ask.is("DEL")) {
                      runtime.node.clock.advance(Duration.ofMinutes(5));
                    }
                    return reply;
                  }),
          new NodeMutant("CHECK_LOOKS_AT_NOTHING", 89, 91).pods(OtherPods.Blind::new),
          new NodeMutant("CHECK_IS_ALWAYS_GOOD", 89, 91)
              .answers((runtime, ask) -> ask.is("CHECK") ? Reply.SILENCE : runtime.reallyAsk(ask)),
          new NodeMutant("CHECK_WANTS_ITS_OWN_RESULT", 90)
              .answers(
                  (runtime, ask) ->
                      ask.is("CHECK") && ask.keys().contains("ifb0")
                          ? Reply.error(7)
                          : runtime.reallyAsk(ask)),
          new NodeMutant("CHECK_DOES_NOT_WAIT", 92).answers(NodeMutants::oneAtATime),
          new NodeMutant("CHECK_MENDS", 93).pods(OtherPods.Meddling::new),
          new NodeMutant("ONE_KEY_OF_THE_LIST", 95)
              .answers(
                  asking(
                      ask ->
                          ask.keys(
                              ask.keys().replaceAll("(,?)\"cni.dev/attachments\":\\[.*\\]$", "")))),
          new NodeMutant("INTERFACES_DO_NOT_COUNT", 96)
              .answers(asking(ask -> ask.keys(ask.keys().replace("net1", "eth0")))),
          new NodeMutant("NULL_FREES_NOTHING", 97)
              .answers(
                  (runtime, ask) ->
                      ask.is("GC") && ask.keys().endsWith("null")
                          ? Reply.SILENCE
                          : runtime.reallyAsk(ask)),
          new NodeMutant("NO_LIST_FREES_ALL", 98)
              .answers(
                  asking(
                      ask ->
                          ask.is("GC") && ask.keys().isEmpty()
                              ? ask.keys("\"cni.dev/valid-attachments\":[]")
                              : ask)),
          new NodeMutant("ONLY_DEAD_ONES_GO", 95)
              .answers(asking(ask -> ask.is("GC") ? ask.keys("") : ask)),
          new NodeMutant("GC_OF_EVERY_NETWORK", 99)
              .answers(
                  (runtime, ask) -> {
                    if (ask.is("GC")) {
                      Reply ignored = runtime.reallyAsk(ask.copy().network("other-net"));
                    }
                    return runtime.reallyAsk(ask);
                  }),
          new NodeMutant("GC_STOPS_AT_A_FAILURE", 100).pods(OtherPods.Discouraged::new),
          new NodeMutant("GC_REPORTS_NOTHING", 100)
              .answers(
                  (runtime, ask) -> {
                    Reply reply = runtime.reallyAsk(ask);
                    return ask.is("GC") ? Reply.SILENCE : reply;
                  }),
          new NodeMutant("GC_KNOWS_LINKS_ALONE", 100)
              .host(
                  seeing(
                      view ->
                          new KernelView(
                              view.attachments(), view.interrupted(), Map.of(), view.enis()))),
          new NodeMutant("GC_REMOVES_WHAT_IS_AT_WORK", 104)
              .answers(
                  (runtime, ask) -> {
                    if (ask.is("GC")) {
                      Thread _ =
                          Thread.ofPlatform()
                              .daemon()
                              .start(() -> ignore(runtime, request("DEL", "b", 2)));
                    }
                    return runtime.reallyAsk(ask);
                  }),
          new NodeMutant("NOBODY_HOLDS_ANYTHING", 101)
              .host(host -> detoured(host, "held", _ -> false)),
          new NodeMutant("STATUS_IS_ALWAYS_GOOD", 105)
              .answers((runtime, ask) -> ask.is("STATUS") ? Reply.SILENCE : runtime.reallyAsk(ask)),
          new NodeMutant("NO_51", 105).answers(code(51, 50)),
          new NodeMutant("NO_VERB_WITHOUT_STATUS", 106)
              .answers(
                  (runtime, ask) -> {
                    Reply status = runtime.reallyAsk(request("STATUS"));
                    return status.status() == 0 ? runtime.reallyAsk(ask) : status;
                  }),
          new NodeMutant("STATUS_ASKS_THE_KERNEL", 107)
              .answers(
                  (runtime, ask) -> {
                    if (ask.is("STATUS")) {
                      int ignored = runtime.node.kernel.vethCount();
                    }
                    return runtime.reallyAsk(ask);
                  }));

  private NodeMutants() {}

  private static NodeMutant.Answers asking(UnaryOperator<Request> change) {
    return (runtime, ask) -> runtime.reallyAsk(change.apply(ask.copy()));
  }

  private static NodeMutant.Answers code(int code, int other) {
    return (runtime, ask) -> {
      Reply reply = runtime.reallyAsk(ask);
      return new Reply(
          reply.status(), reply.text().replace("\"code\":" + code, "\"code\":" + other));
    };
  }

  private static Request delOf(Request add) {
    return request("DEL", add.get("CNI_CONTAINERID"), add.inode());
  }

  private static void ignore(CniRuntime runtime, Request ask) {
    Reply ignored = runtime.reallyAsk(ask);
  }

  /** Who comes while another is served is refused. */
  private static Reply oneAtATime(CniRuntime runtime, Request ask) {
    try {
      return AT_WORK.incrementAndGet() > 1 ? Reply.error(11) : runtime.reallyAsk(ask);
    } finally {
      AT_WORK.decrementAndGet();
    }
  }

  private static UnaryOperator<HostNetwork> seeing(UnaryOperator<KernelView> change) {
    return host -> detoured(host, "look", real -> change.apply((KernelView) real));
  }

  /** The same host, but for what it answers to one question. */
  private static HostNetwork detoured(
      HostNetwork host, String method, UnaryOperator<Object> change) {
    return (HostNetwork)
        Proxy.newProxyInstance(
            HostNetwork.class.getClassLoader(),
            new Class<?>[] {HostNetwork.class},
            (_, called, arguments) -> {
              try {
                Object answer = called.invoke(host, arguments);
                return called.getName().equals(method) ? change.apply(answer) : answer;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }
}
