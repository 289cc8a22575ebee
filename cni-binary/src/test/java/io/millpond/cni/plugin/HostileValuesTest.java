package io.millpond.cni.plugin;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.millpond.cni.plugin.Plugin.Ran;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever octets a runtime sends, one JSON document with a known code comes back. */
class HostileValuesTest {
  private static final List<String> VARIABLES =
      List.of("CNI_COMMAND", "CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_ARGS");
  private static final List<String> VERBS =
      List.of("ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION");
  private static final Set<Integer> CODES = Set.of(4, 8, 11, 50);

  @TempDir private Path run;

  @ParameterizedTest
  @ValueSource(strings = {"CNI_COMMAND", "CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"})
  @Tag("cni-4")
  @Tag("cni-5")
  void everyOctetInAValueIsShownInOneValidDocument(String name) {
    byte[] all = new byte[255];
    for (int i = 0; i < all.length; i++) {
      all[i] = (byte) (i + 1);
    }

    JsonNode error = Plugin.call("ADD", run).withOctets(name, all).run().error();

    if (!name.equals("CNI_NETNS")) {
      assertThat(error.path("details").textValue())
          .startsWith("\u0001\u0002")
          .contains("\u001f !\"#")
          .contains("[\\]")
          .contains("}~??????");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {900, 1900, 3700, 3800, 4096, 60_000})
  void aLongValueIsCutAndTheDocumentStaysWhole(int length) {
    for (String part : new String[] {"\"", "\\", "\u0001", "-"}) {
      JsonNode error =
          Plugin.call("ADD", run).with("CNI_IFNAME", part.repeat(length)).run().error();

      assertThat(error.path("details").textValue()).startsWith(part).hasSizeLessThan(3800);
    }
  }

  @Test
  @Tag("cni-4")
  @Tag("cni-5")
  void randomEnvironmentsAreAnsweredWithOneDocumentOrSilence(TestReporter reporter) {
    long seed = System.nanoTime();
    reporter.publishEntry("seed", Long.toString(seed));
    Random random = new Random(seed);
    for (int i = 0; i < 60; i++) {
      Plugin call =
          Plugin.call(VERBS.get(random.nextInt(VERBS.size())), run)
              .with("CNI_NETNS_OVERRIDE", random.nextBoolean() ? "1" : "");
      for (String name : VARIABLES) {
        if (random.nextInt(4) == 0) {
          call.withOctets(name, octets(random));
        }
      }
      Ran ran = call.stdin(octets(random)).run();

      if (ran.status() == 0) {
        assertThat(ran.text().isEmpty() || ran.document().has("supportedVersions"))
            .as("call %d: %s", i, ran.text())
            .isTrue();
      } else {
        assertThat(CODES).as("call %d", i).contains(ran.error().path("code").intValue());
      }
    }
  }

  private static byte[] octets(Random random) {
    byte[] octets = new byte[random.nextInt(40)];
    for (int i = 0; i < octets.length; i++) {
      // An environment holds no zero octet.
      octets[i] = (byte) (1 + random.nextInt(255));
    }
    return octets;
  }
}
