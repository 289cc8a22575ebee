package io.millpond.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** Kubernetes' own conformance tests of its network, run from a host beside the cluster. */
final class NetworkConformance {
  private static final String ALL = "\\[sig-network\\].*\\[Conformance\\]";
  private static final Duration LIMIT = Duration.ofMinutes(40);

  private NetworkConformance() {}

  /**
   * Runs all of them; what they print is left in the directory.
   *
   * @return what became of each that was not skipped: {@code passed}, or why not
   */
  static Map<String, String> run(Cluster cluster, Path directory) {
    try {
      Path report = cluster.kubeconfig().resolveSibling("conformance.xml");
      Shell.Ran ran =
          cluster.outside(
              LIMIT,
              cluster.programs().kubernetes().resolve("e2e.test").toString(),
              "-kubeconfig",
              cluster.kubeconfig().toString(),
              "-provider",
              "skeleton",
              "--node-os-distro=custom",
              "-ginkgo.focus=" + ALL,
              "-ginkgo.junit-report=" + report,
              "-ginkgo.no-color");
      Files.writeString(directory.resolve("conformance.log"), ran.out() + ran.err());
      return outcomes(cluster.outside(Duration.ofMinutes(1), "cat", report.toString()).orThrow());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Map<String, String> outcomes(String report) throws IOException {
    Map<String, String> outcomes = new LinkedHashMap<>();
    try {
      NodeList cases =
          DocumentBuilderFactory.newDefaultInstance()
              .newDocumentBuilder()
              .parse(new ByteArrayInputStream(report.getBytes(UTF_8)))
              .getElementsByTagName("testcase");
      for (int i = 0; i < cases.getLength(); i++) {
        Element one = (Element) cases.item(i);
        String status = one.getAttribute("status");
        if (one.getAttribute("name").contains("[sig-network]") && !status.equals("skipped")) {
          NodeList failures = one.getElementsByTagName("failure");
          outcomes.put(
              one.getAttribute("name"),
              failures.getLength() == 0
                  ? status
                  : status + ": " + ((Element) failures.item(0)).getAttribute("message"));
        }
      }
    } catch (javax.xml.parsers.ParserConfigurationException | org.xml.sax.SAXException e) {
      throw new IOException("no report: " + report, e);
    }
    return outcomes;
  }
}
