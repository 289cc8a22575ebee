package io.millpond.node.kubernetes;

import static io.millpond.node.kubernetes.ScriptedServer.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millpond.node.settings.KubernetesUse;
import io.millpond.node.settings.Settings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClusterAccessTest {
  /**
   * openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=test -days 36500
   */
  private static final String AUTHORITY =
      """
      -----BEGIN CERTIFICATE-----
      MIIBdjCCARugAwIBAgIUIl4DReMLMAQlPYHqo5JuUqGtg0QwCgYIKoZIzj0EAwIw
      DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjgxMTUwMjhaGA8yMTI2MTEwNDExNTAy
      OFowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABHdN
      HDpEW0TZTI25vNc1Ucp7CIhbviIUk5RysAme8AGPits7nyide2SgXVpZgNlV07oa
      TYe+CTAWES7T7liw5kijUzBRMB0GA1UdDgQWBBQxShlEOInBUwwL7OZi8xAd+hKS
      bTAfBgNVHSMEGDAWgBQxShlEOInBUwwL7OZi8xAd+hKSbTAPBgNVHRMBAf8EBTAD
      AQH/MAoGCCqGSM49BAMCA0kAMEYCIQDK4GhVa8EekTYNGM5ejzhaYMVtuk3sEM9E
      nVQX3L4B0gIhAI7CHonTdUPoSzc7fXDvbejWx47mhk8r+E2iMzoVIyLr
      -----END CERTIFICATE-----
      """;

  @TempDir Path directory;

  private ClusterAccess.Found find(
      KubernetesUse use,
      @Nullable Path kubeconfig,
      @Nullable String node,
      @Nullable String endpoint,
      Map<String, String> environment) {
    return new ClusterAccess(
            new Settings.Kubernetes(
                use,
                Optional.ofNullable(kubeconfig),
                Optional.ofNullable(node),
                Optional.ofNullable(endpoint).map(URI::create),
                1),
            environment,
            directory)
        .find();
  }

  private void serviceAccount() throws IOException {
    Files.writeString(directory.resolve("token"), "secret\n");
    Files.writeString(directory.resolve("ca.crt"), AUTHORITY);
  }

  private static Cluster usable(ClusterAccess.Found found) {
    assertThat(found).isInstanceOf(ClusterAccess.Usable.class);
    return ((ClusterAccess.Usable) found).cluster();
  }

  private static String reason(ClusterAccess.Found found) {
    assertThat(found).isInstanceOf(ClusterAccess.Unusable.class);
    return ((ClusterAccess.Unusable) found).reason();
  }

  @Test
  void withoutCredentialsKubernetesIsNotUsed() {
    assertThat(find(KubernetesUse.AUTO, null, null, null, Map.of()))
        .isInstanceOf(ClusterAccess.NotUsed.class);
    assertThat(reason(find(KubernetesUse.ON, null, null, null, Map.of()))).contains("KUBECONFIG");
  }

  @Test
  void aServiceAccountIsUsedUnlessItIsForbidden() throws Exception {
    serviceAccount();
    Map<String, String> environment =
        Map.of("KUBERNETES_SERVICE_HOST", "10.100.0.1", "KUBERNETES_SERVICE_PORT", "6443");
    try (Cluster cluster = usable(find(KubernetesUse.AUTO, null, "node-a", null, environment))) {
      assertThat(cluster.address()).hasToString("https://10.100.0.1:6443/");
      assertThat(cluster.nodeName()).isEqualTo("node-a");
    }
    assertThat(find(KubernetesUse.OFF, null, null, null, environment))
        .isInstanceOf(ClusterAccess.NotUsed.class);
  }

  @Test
  void theEndpointComesBeforeTheService() throws Exception {
    serviceAccount();
    try (Cluster cluster =
        usable(
            find(
                KubernetesUse.AUTO,
                null,
                null,
                "https://api.example:8443",
                Map.of("KUBERNETES_SERVICE_HOST", "10.100.0.1")))) {
      assertThat(cluster.address()).hasToString("https://api.example:8443/");
      assertThat(cluster.nodeName())
          .isEqualTo(InetAddress.getLocalHost().getHostName().toLowerCase(Locale.ROOT));
    }
    assertThat(reason(find(KubernetesUse.AUTO, null, null, null, Map.of())))
        .contains("CLUSTER_ENDPOINT");
  }

  @Test
  void aTokenThatIsWrittenAnewIsUsed() throws Exception {
    serviceAccount();
    try (ScriptedServer server = new ScriptedServer()) {
      String address = server.cluster().address().toString();
      try (Cluster cluster = usable(find(KubernetesUse.ON, null, "n", address, Map.of()))) {
        ApiServer api = new ApiServer(cluster);
        server.then(json(200, "{}")).then(json(200, "{}"));
        api.get("/x");
        assertThat(server.next().authorization()).isEqualTo("Bearer secret");
        Files.writeString(directory.resolve("token"), "next");
        api.get("/x");
        assertThat(server.next().authorization()).isEqualTo("Bearer next");
        Files.delete(directory.resolve("token"));
        assertThatThrownBy(() -> api.get("/x"))
            .isInstanceOf(IOException.class)
            .hasMessageContaining("token");
      }
    }
  }

  @Test
  void whatCannotBeReadIsNamed() throws Exception {
    Path kubeconfig = directory.resolve("kubeconfig");
    assertThat(reason(find(KubernetesUse.AUTO, kubeconfig, "n", null, Map.of())))
        .contains(kubeconfig + " cannot be read");
    Files.writeString(kubeconfig, "{{{");
    assertThat(reason(find(KubernetesUse.AUTO, kubeconfig, "n", null, Map.of())))
        .contains("Kubernetes cannot be used");
    Files.writeString(kubeconfig, "kind: Config\napiVersion: v1\n");
    assertThat(reason(find(KubernetesUse.AUTO, kubeconfig, "n", null, Map.of())))
        .contains("no current context");
    serviceAccount();
    Files.writeString(directory.resolve("ca.crt"), "no certificate");
    assertThat(reason(find(KubernetesUse.AUTO, null, "n", "https://a", Map.of())))
        .contains("Kubernetes cannot be used");
    Files.writeString(directory.resolve("ca.crt"), "x".repeat(2 << 20));
    assertThat(reason(find(KubernetesUse.AUTO, null, "n", "https://a", Map.of())))
        .contains("octets");
  }
}
