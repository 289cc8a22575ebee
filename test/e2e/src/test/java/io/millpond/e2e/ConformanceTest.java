package io.millpond.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Kubernetes' own conformance tests of its network, with millpond as the only plugin. */
@Tag("conformance")
class ConformanceTest {
  /** Those of Kubernetes 1.34. */
  private static final int SPECS = 45;

  @Test
  void allSpecsOfTheNetworkPass() throws Exception {
    try (Vpc vpc = Vpc.start();
        Cluster cluster =
            new Cluster(
                vpc,
                new TreeMap<>(Map.of("node-a", "t3.large", "node-b", "t3.large")),
                ClusterNode.Proxy.NFTABLES,
                List.of(Millpond.image()))) {
      new Millpond(cluster).install(Map.of("WARM_IP_TARGET", "2"));
      cluster.apply(Files.readString(Vpc.ROOT.resolve("test/e2e/cluster-dns.yaml")));
      cluster.awaitReady("kube-system", "k8s-app=kube-dns", 1);
      Map<String, String> outcomes =
          NetworkConformance.run(cluster, Path.of(System.getProperty("millpond.results", "/tmp")));
      outcomes.forEach((spec, outcome) -> System.out.println(outcome + " " + spec));
      assertThat(outcomes).as("specs that ran").hasSize(SPECS);
      assertThat(outcomes.values()).as(cluster.logs()).containsOnly("passed");
    }
  }
}
