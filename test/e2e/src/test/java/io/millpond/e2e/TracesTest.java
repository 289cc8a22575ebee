package io.millpond.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a line is about; the lines are those of iproute2 6.1 and nftables 1.0.6. */
class TracesTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      ignoreLeadingAndTrailingWhitespace = false,
      value = {
        "links|2: eth0@if7: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 9001 qdisc noqueue state UP mode DEFAULT",
        "addresses|2: eth0    inet 10.0.1.4/24 scope global eth0\\       valid_lft forever preferred_lft forever",
        "addresses|9: mpdabc    inet6 fe80::1/64 scope link \\       valid_lft forever preferred_lft forever",
        "rules|0:\tfrom all lookup local ",
        "rules|7301:\tfrom all fwmark 0x1000000/0x3000000 lookup 7301 ",
        "neighbours|10.0.1.5 dev mpdabc lladdr ae:00:00:00:00:01 PERMANENT ",
        "routes|default via 10.0.1.1 dev eth0 ",
        "routes|10.0.1.5 dev mpdabc proto 109 scope link src 10.0.1.4 ",
        "routes|unreachable 10.0.1.6 proto 109 metric 2147483648 ",
        "routes|local 10.0.1.4 dev eth0 table local proto kernel scope host src 10.0.1.4 ",
        "routes|fe80::/64 dev eth0 proto kernel metric 256 pref medium",
        "routes|multicast ff00::/8 dev eth0 table local proto kernel metric 256 pref medium",
        "nftables|table inet millpond { # handle 1",
        "nftables|\tchain forward { # handle 2",
        "nftables|\t\tiifname \"mpd*\" ct state invalid counter packets 0 bytes 0 drop # handle 5",
      })
  void everyLineIsOfOneKind(String kind, String line) {
    assertThat(Traces.kind(line.replace("\\t", "\t"))).isEqualTo(kind);
  }

  @Test
  void oneMoreOrOneLessIsNoticed() {
    Traces before = traces(2, 30);
    assertThat(traces(2, 30).asBefore(before)).isTrue();
    assertThat(traces(3, 30).asBefore(before)).as("a neighbour too many").isFalse();
    assertThat(traces(1, 30).asBefore(before)).as("a neighbour missing").isFalse();
    assertThat(traces(2, 31).asBefore(before)).as("a thread too many").isFalse();
    assertThat(traces(2, 29).asBefore(before)).as("a thread that ended").isTrue();
  }

  private static Traces traces(int neighbours, int threads) {
    return new Traces(Map.of("node neighbours", neighbours, "threads", threads), List.of());
  }
}
