package io.millpond.e2e;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * Throughput and latency between pods, beside veth with routing (what amazon-vpc-cni-k8s builds).
 */
final class Traffic {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String TYPE = "t3.medium";
  private static final int SLOTS = 5;

  private final Field field;
  private final int seconds;

  Traffic(Field field, boolean quick) {
    this.field = field;
    this.seconds = quick ? 3 : 8;
  }

  private record End(String netns, String address) {}

  private record Figures(double megabits, double millis) {}

  void measure(List<Row> rows) {
    Map<String, String> settings = Map.of("WARM_ENI_TARGET", "1");
    Node ours = field.millpond("traffic-m", TYPE, settings);
    Node other = field.millpond("traffic-n", TYPE, settings);
    try (AwsNode aws = field.aws("traffic-a", TYPE, settings);
        Pods mine = new Pods(ours);
        Pods remote = new Pods(other)) {
      ours.start();
      other.start();
      aws.start();
      aws.awaitAddresses(SLOTS);
      Pod far = remote.added("traffic-far");
      End[] we = new End[SLOTS + 1];
      End[] they = new End[SLOTS + 1];
      for (int i = 0; i <= SLOTS; i++) {
        Pod pod = mine.added("traffic-m" + i);
        we[i] = new End("traffic-m" + i, pod.address());
        they[i] = aws(aws, "traffic-a" + i);
      }
      End server = new End("traffic-far", far.address());
      compare("on one ENI", we[0], we[1], they[0], they[1], rows);
      compare("across ENIs", we[0], we[SLOTS], they[0], they[SLOTS], rows);
      compare("across nodes", we[0], server, they[0], server, rows);
      for (End end : they) {
        Shell.Ran ignored = aws.plugin("DEL", end.netns());
        Shell.run("ip", "netns", "del", end.netns());
      }
    } finally {
      ours.close();
      other.close();
    }
  }

  private static End aws(AwsNode node, String name) {
    CniCalls.namespace(name);
    String[] address = new String[1];
    await("ADD of " + name)
        .atMost(Duration.ofMinutes(2))
        .pollInterval(Duration.ofSeconds(1))
        .pollDelay(Duration.ZERO)
        .until(
            () -> {
              Shell.Ran ran = node.plugin("ADD", name);
              if (ran.status() == 0) {
                address[0] =
                    JSON.readTree(ran.out()).at("/ips/0/address").asText().replaceAll("/.*", "");
              }
              return ran.status() == 0;
            });
    return new End(name, address[0]);
  }

  private void compare(String what, End from, End to, End theirs, End theirServer, List<Row> rows) {
    Figures ours = measure(from, to);
    Figures rival = measure(theirs, theirServer);
    rows.add(
        Row.of("TCP pod to pod " + what, ours.megabits(), "Mbit/s")
            .beside("veth with routing", rival.megabits()));
    rows.add(
        Row.of("round trip pod to pod " + what, ours.millis(), "ms")
            .beside("veth with routing", rival.millis()));
  }

  private Figures measure(End from, End to) {
    Process server =
        Shell.start(
            Map.of(),
            Path.of("/dev/null"),
            List.of(
                "nsenter", "--net=/run/netns/" + to.netns(), "iperf3", "-s", "-1", "-p", "5201"));
    try {
      Shell.Ran[] ran = new Shell.Ran[1];
      await("iperf3 from " + from + " to " + to)
          .atMost(Duration.ofMinutes(1))
          .pollDelay(Duration.ZERO)
          .until(
              () -> {
                ran[0] =
                    Shell.in(
                        from.netns(),
                        "iperf3",
                        "-J",
                        "-c",
                        to.address(),
                        "-p",
                        "5201",
                        "-t",
                        String.valueOf(seconds));
                return ran[0].status() == 0;
              });
      double megabits =
          JSON.readTree(ran[0].out()).at("/end/sum_received/bits_per_second").asDouble() / 1e6;
      String ping =
          Shell.in(from.netns(), "ping", "-q", "-c", "300", "-i", "0.005", to.address()).orThrow();
      double millis = Double.parseDouble(ping.replaceAll("(?s).*= [^/]*/([^/]*)/.*", "$1"));
      return new Figures(megabits, millis);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      Shell.stop(server);
    }
  }
}
