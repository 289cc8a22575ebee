package io.millpond.fuzz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.millpond.cni.FrameTarget;
import io.millpond.cni.RequestTarget;
import io.millpond.linux.datapath.AliasTarget;
import io.millpond.linux.netlink.NetlinkTarget;
import io.millpond.linux.nft.RulesetTarget;
import io.millpond.node.settings.SettingsTarget;
import io.millpond.pool.value.ValuesTarget;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Every input of the corpus, found by a fuzzer or thought of, is met once; no fuzzer is needed. */
class CorpusTest {
  private static final Path CORPUS = Path.of("corpus");
  private static final Path PLUGIN = Path.of("../../cni-binary/target/test/replay");

  /** Far more than any needs, far less than for ever. */
  private static final Duration LONGEST = Duration.ofSeconds(5);

  private static final Map<String, Consumer<byte[]>> TARGETS =
      Map.of(
          "FrameTarget", FrameTarget::fuzzerTestOneInput,
          "RequestTarget", RequestTarget::fuzzerTestOneInput,
          "AliasTarget", AliasTarget::fuzzerTestOneInput,
          "NetlinkTarget", NetlinkTarget::fuzzerTestOneInput,
          "RulesetTarget", RulesetTarget::fuzzerTestOneInput,
          "SettingsTarget", SettingsTarget::fuzzerTestOneInput,
          "ValuesTarget", ValuesTarget::fuzzerTestOneInput);

  private static List<Path> files(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.sorted().toList();
    }
  }

  @Test
  void everyTargetHasACorpusAndEveryCorpusATarget() throws IOException {
    assertThat(files(CORPUS).stream().map(path -> path.getFileName().toString()))
        .containsExactlyInAnyOrderElementsOf(
            Stream.concat(TARGETS.keySet().stream(), Stream.of("plugin")).toList());
    for (Path directory : files(CORPUS)) {
      assertThat(files(directory)).as(directory.toString()).hasSizeGreaterThan(5);
    }
  }

  @TestFactory
  Stream<DynamicTest> everyInputOfTheCorpusKeepsToTheRules() throws IOException {
    List<DynamicTest> all = new ArrayList<>();
    for (Map.Entry<String, Consumer<byte[]>> target : TARGETS.entrySet()) {
      for (Path file : files(CORPUS.resolve(target.getKey()))) {
        all.add(met(file, target.getValue()));
      }
    }
    return all.stream();
  }

  private static DynamicTest met(Path file, Consumer<byte[]> target) {
    return DynamicTest.dynamicTest(
        CORPUS.relativize(file).toString(),
        () -> {
          byte[] octets = Files.readAllBytes(file);
          assertTimeoutPreemptively(LONGEST, () -> target.accept(octets));
        });
  }

  @Test
  void thePluginKeepsToTheRulesForEveryInputOfItsCorpus() throws Exception {
    List<String> command =
        Stream.concat(
                Stream.of(PLUGIN.toString()),
                files(CORPUS.resolve("plugin")).stream().map(Path::toString))
            .toList();
    Path told = Files.createTempFile("replay", "");
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(told.toFile()).start();
    try {
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).as(Files.readString(told)).isZero();
    } finally {
      process.destroyForcibly();
      Files.delete(told);
    }
  }
}
