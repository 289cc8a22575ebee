package io.millpond.node.kubernetes;

import static io.millpond.node.kubernetes.ScriptedServer.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millpond.pool.value.Prefix;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ServiceCidrsTest {
  private final ScriptedServer server = new ScriptedServer();
  private final Cluster cluster = server.cluster();
  private final ServiceCidrs cidrs = new ServiceCidrs(List.of(), Map.of());

  @AfterEach
  void stop() throws IOException {
    cluster.close();
    server.close();
  }

  private void ask(ServiceCidrs of, int code, String body) throws Exception {
    server.then(json(code, body));
    of.ask(new ApiServer(cluster));
  }

  private static String list(String... cidrs) {
    return "{\"items\":[{\"spec\":{\"cidrs\":[\"" + String.join("\",\"", cidrs) + "\"]}}]}";
  }

  private static List<Prefix> prefixes(String... texts) {
    return List.of(texts).stream().map(Prefix::parse).toList();
  }

  @Test
  void theObjectsOfTheClusterCount() throws Exception {
    assertThat(cidrs.finding()).isPresent();
    ask(
        cidrs,
        200,
        "{\"items\":[{\"spec\":{\"cidrs\":[\"10.96.0.0/16\",\"fd00::/108\"]}},{\"spec\":{\"cidrs\":[\"10.80.0.0/20\"]}}]}");
    assertThat(server.next().path()).isEqualTo("/apis/networking.k8s.io/v1/servicecidrs?limit=100");
    assertThat(cidrs.get()).isEqualTo(prefixes("10.80.0.0/20", "10.96.0.0/16"));
    assertThat(cidrs.finding()).isEmpty();
  }

  @Test
  void theSettingsComeFirst() {
    ServiceCidrs set = new ServiceCidrs(prefixes("10.1.0.0/16"), Map.of());
    assertThat(set.areOpen()).isFalse();
    assertThat(set.get()).isEqualTo(prefixes("10.1.0.0/16"));
  }

  @ParameterizedTest
  @CsvSource({
    "10.100.0.1, 10.100.0.0/16",
    "172.20.0.1, 172.20.0.0/16",
    "10.96.0.1, 10.96.0.0/12",
    "10.96.5.1, ",
    "192.168.7.1, ",
    "kubernetes.default, ",
    "fd00::1, "
  })
  void withoutTheObjectsADefaultRangeIsGuessed(String host, String range) throws Exception {
    ServiceCidrs guessed = new ServiceCidrs(List.of(), Map.of("KUBERNETES_SERVICE_HOST", host));
    List<Prefix> expected = range == null ? List.of() : prefixes(range);
    assertThat(guessed.get()).isEqualTo(expected);
    ask(guessed, 404, "404 page not found");
    assertThat(guessed.get()).isEqualTo(expected);
    assertThat(guessed.finding().isPresent()).isEqualTo(range == null);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "<html>",
        "{\"items\":[]}",
        "{\"items\":[{\"spec\":{\"cidrs\":[\"0.0.0.0/0\"]}}]}",
        "{\"items\":[{\"spec\":{\"cidrs\":[\"10.0.0.0/33\"]}}]}",
        "{\"items\":[{\"spec\":{\"cidrs\":[7]}}]}",
        "{\"items\":[{\"spec\":{\"cidrs\":[\"fd00::/108\"]}}]}"
      })
  void garbageChangesNothing(String body) throws Exception {
    ask(cidrs, 200, list("10.96.0.0/16"));
    assertThatThrownBy(() -> ask(cidrs, 200, body)).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> ask(cidrs, 503, body)).isInstanceOf(IOException.class);
    assertThat(cidrs.get()).isEqualTo(prefixes("10.96.0.0/16"));
  }
}
