package io.millpond.cni.plugin;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.millpond.cni.plugin.Plugin.Ran;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the plugin decides by the environment alone; no daemon runs, so what is good ends in 11. */
class EnvironmentTest {
  @TempDir private Path run;

  @Test
  @Tag("cni-8")
  void withoutAVerbItSaysWhatItIs() {
    Ran ran = Plugin.bare(run).run();

    ran.succeededSilently();
    assertThat(ran.err())
        .contains("millpond", "0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0");
  }

  @Test
  @Tag("cni-8")
  @Tag("cni-14")
  void anEmptyVerbIsNone() {
    Ran ran = Plugin.bare(run).with("CNI_COMMAND", "").run();

    ran.succeededSilently();
    assertThat(ran.err()).contains("1.1.0");
  }

  @ParameterizedTest
  @ValueSource(strings = {"add", "Add", "ADD ", " ADD", "ADDX", "AD", "VERSION\n", "UPDATE"})
  @Tag("cni-9")
  @Tag("cni-4")
  @Tag("cni-5")
  void anUnknownVerbIsRefused(String verb) {
    Ran ran = Plugin.call(verb, run).run();

    ran.failedWith(4);
    assertThat(ran.error().path("msg").textValue()).contains("CNI_COMMAND");
    assertThat(ran.err()).isEmpty();
  }

  @Test
  @Tag("cni-1")
  void theVerbIsNotTakenFromTheCommandLine() {
    Ran version = Plugin.call("VERSION", run).arguments("DEL", "--help").run();

    assertThat(version.text()).contains("supportedVersions");
    Plugin.bare(run).arguments("VERSION").run().succeededSilently();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  @Tag("cni-3")
  @Tag("cni-32")
  @Tag("cni-41")
  @Tag("cni-42")
  void versionListsAllSevenWithoutWaitingForStdin(boolean garbage) {
    Ran ran =
        Plugin.bare(run)
            .with("CNI_COMMAND", "VERSION")
            .stdin(garbage ? "]{garbage" : "")
            .stdinStaysOpen()
            .run();

    assertThat(ran.status()).isZero();
    assertThat(ran.text())
        .isEqualTo(
            """
            {"cniVersion":"1.1.0","supportedVersions":["0.1.0","0.2.0","0.3.0","0.3.1","0.4.0","1.0.0","1.1.0"]}
            """);
    assertThat(ran.err()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "ADD, CNI_CONTAINERID CNI_NETNS CNI_IFNAME",
    "CHECK, CNI_CONTAINERID CNI_NETNS CNI_IFNAME",
    "DEL, CNI_CONTAINERID CNI_IFNAME"
  })
  @Tag("cni-15")
  @Tag("cni-19")
  @Tag("cni-20")
  void allThatIsMissingIsReportedAtOnce(String verb, String missing) {
    Ran ran = Plugin.bare(run).with("CNI_COMMAND", verb).run();

    ran.failedWith(4);
    assertThat(ran.error().path("details").textValue()).isEqualTo(missing);
  }

  @ParameterizedTest
  @ValueSource(strings = {"CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"})
  @Tag("cni-14")
  @Tag("cni-15")
  void anEmptyVariableIsMissing(String name) {
    Ran ran = Plugin.call("ADD", run).with(name, "").run();

    ran.failedWith(4);
    assertThat(ran.error().path("details").textValue()).isEqualTo(name);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-a", ".a", "_a", "a/b", "../a", "a b", "a:b", "a%", "a\n", "\na", "a\u007f", "a\"b", "a\\b"
      })
  @Tag("cni-16")
  @Tag("cni-17")
  void aContainerIdOutsideThePatternIsRefused(String id) {
    Ran ran = Plugin.call("ADD", run).with("CNI_CONTAINERID", id).run();

    ran.failedWith(4);
    assertThat(ran.error().path("msg").textValue()).startsWith("CNI_CONTAINERID");
    assertThat(ran.error().path("details").textValue()).isEqualTo(id.replace('\u007f', '?'));
  }

  @ParameterizedTest
  @ValueSource(strings = {"a", "0", "Z.z_9-", "k8s.io-deadbeef"})
  @Tag("cni-16")
  void aContainerIdOfThePatternIsTaken(String id) {
    Plugin.call("ADD", run).with("CNI_CONTAINERID", id).run().failedWith(11);
  }

  @Test
  @Tag("cni-18")
  void aContainerIdMayBeLong() {
    Plugin.call("ADD", run).with("CNI_CONTAINERID", "a".repeat(5000)).run().failedWith(11);
    Plugin.call("ADD", run).with("CNI_CONTAINERID", "a".repeat(8192)).run().failedWith(11);
    Plugin.call("ADD", run).with("CNI_CONTAINERID", "a".repeat(8193)).run().failedWith(4);
  }

  @ParameterizedTest
  @ValueSource(strings = {"CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_ARGS"})
  void aVariableOf100KibIsRefusedByName(String name) {
    Ran ran = Plugin.call("ADD", run).with(name, "a".repeat(100 * 1024)).run();

    ran.failedWith(4);
    assertThat(ran.error().path("msg").textValue()).startsWith(name + " is longer than");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0123456789abcdef",
        ".",
        "..",
        "a/b",
        "a:b",
        "a b",
        "a\tb",
        "eth0\n",
        "\u000beth0",
        "%d",
        "eth%d",
        "a\u007f",
        "\u0001"
      })
  @Tag("cni-20")
  @Tag("cni-21")
  void anInterfaceNameThatTheKernelOrTheLibraryRefusesIsRefused(String name) {
    Ran ran = Plugin.call("ADD", run).with("CNI_IFNAME", name).run();

    ran.failedWith(4);
    assertThat(ran.error().path("msg").textValue()).startsWith("CNI_IFNAME");
  }

  @Test
  @Tag("cni-20")
  void unicodeIsRefusedInAnInterfaceName() {
    for (String name : new String[] {"\u00a0", "a\u2003", "\u00e9th0", "\u3000"}) {
      Plugin.call("ADD", run).withOctets("CNI_IFNAME", name.getBytes(UTF_8)).run().failedWith(4);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"e", "abcdefghijklmno", "...", "eth0.100", "net1@x", "-"})
  @Tag("cni-20")
  void anInterfaceNameOfOneToFifteenOctetsIsTaken(String name) {
    Plugin.call("ADD", run).with("CNI_IFNAME", name).run().failedWith(11);
  }

  @Test
  @Tag("cni-27")
  void anInvalidVariableIsReportedBeforeMissingOnes() {
    JsonNode first =
        Plugin.bare(run).with("CNI_COMMAND", "ADD").with("CNI_CONTAINERID", "-").run().error();
    JsonNode last =
        Plugin.bare(run).with("CNI_COMMAND", "ADD").with("CNI_IFNAME", "a/b").run().error();

    assertThat(first.path("msg").textValue()).startsWith("CNI_CONTAINERID");
    assertThat(last.path("msg").textValue()).startsWith("CNI_IFNAME");
  }

  @ParameterizedTest
  @ValueSource(strings = {"ADD", "CHECK"})
  @Tag("cni-75")
  void whatIsNoNetworkNamespaceIsRefused(String verb) throws Exception {
    Path file = Files.writeString(run.resolve("file"), "");

    for (String path :
        new String[] {
          file.toString(), run.toString(), run + "/missing", "/dev/null", "/proc/self/ns/uts", "x"
        }) {
      Ran ran = Plugin.call(verb, run).with("CNI_NETNS", path).run();
      ran.failedWith(8);
      assertThat(ran.error().path("msg").textValue()).contains("CNI_NETNS");
    }
  }

  @Test
  @Tag("cni-76")
  void delLivesWithWhatIsNoNetworkNamespace() throws Exception {
    Path file = Files.writeString(run.resolve("file"), "");

    for (String path :
        new String[] {
          "", file.toString(), run.toString(), run + "/missing", "/proc/self/ns/uts",
        }) {
      Plugin.call("DEL", run).with("CNI_NETNS", path).run().succeededSilently();
    }
    Plugin.call("DEL", run).without("CNI_NETNS").run().succeededSilently();
  }

  @ParameterizedTest
  @CsvSource({"ADD, 8", "DEL, 8", "CHECK, 11"})
  @Tag("cni-26")
  void thePluginsOwnNamespaceIsRefusedByAddAndDelBeforeAnyWork(String verb, int code) {
    Path nothing = run.resolve("never-made");

    Plugin.call(verb, nothing).without("CNI_NETNS_OVERRIDE").run().failedWith(code);

    assertThat(nothing).doesNotExist();
  }

  @ParameterizedTest
  @CsvSource({
    "1, 11",
    "true, 11",
    "TRUE, 11",
    "tRuE, 11",
    "'', 8",
    "0, 8",
    "yes, 8",
    "11, 8",
    "'1 ', 8"
  })
  @Tag("cni-25")
  void onlyOneAndTrueOverrideIt(String value, int code) {
    Plugin.call("ADD", run).with("CNI_NETNS_OVERRIDE", value).run().failedWith(code);
  }

  @ParameterizedTest
  @CsvSource({"GC, 11", "STATUS, 50", "VERSION, 0"})
  @Tag("cni-28")
  void verbsWithoutAContainerIgnoreItsVariables(String verb, int code) {
    Plugin call =
        Plugin.call(verb, run)
            .with("CNI_CONTAINERID", "../" + "x".repeat(100_000))
            .with("CNI_NETNS", "y".repeat(100_000))
            .with("CNI_IFNAME", "z".repeat(100_000));

    if (code == 0) {
      assertThat(call.run().status()).isZero();
    } else {
      call.run().failedWith(code);
    }
  }

  @Test
  @Tag("cni-22")
  @Tag("cni-12")
  void anAddNeedsNothingElseOfTheEnvironment() {
    // The call has neither CNI_PATH nor PATH nor HOME, and / is its working directory.
    Plugin.call("ADD", run).run().failedWith(11);
  }
}
