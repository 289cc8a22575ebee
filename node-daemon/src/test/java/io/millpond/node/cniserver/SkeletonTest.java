package io.millpond.node.cniserver;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millpond.node.cniserver.ServedNode.Ran;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;

/**
 * Hundreds of environments and inputs, right and wrong, given to the plugin and to one that is
 * built with the reference library's own skeleton: exit status and error code are the same, but for
 * what {@link Departure} names.
 */
@Tag("cni-library")
class SkeletonTest {
  private static final int RANDOM = 400;
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String ABSENT = "<absent>";

  /** For each variable its values; the first is a good one. */
  private static final Map<String, List<String>> VALUES = values();

  private static final String GOOD =
      "{\"cniVersion\":\"1.1.0\",\"name\":\"millpond\",\"type\":\"millpond\",\"prevResult\":{\"cniVersion\":\"1.1.0\"}}";

  @TempDir private Path run;

  /** A call of a plugin: its variables, and its input. */
  private record Call(Map<String, String> values) {
    /** A value, which may be that it is absent. */
    String get(String name) {
      return values.getOrDefault(name, ABSENT);
    }

    Call with(String name, String value) {
      Map<String, String> copy = new HashMap<>(values);
      copy.put(name, value);
      return new Call(copy);
    }
  }

  /** Where we answer otherwise, and why. */
  private enum Departure {
    /** Rule 22: nothing is delegated, so that CNI_PATH may be absent. */
    NO_PATH_IS_NEEDED {
      @Override
      boolean explains(Call call, int ours, int theirs) {
        return List.of(ABSENT, "").contains(call.get("CNI_PATH")) && theirs == 4;
      }
    },
    /** Rule 21: the kernel takes such a name for a template. */
    NO_TEMPLATES {
      @Override
      boolean explains(Call call, int ours, int theirs) {
        return call.get("CNI_IFNAME").contains("%") && ours == 4;
      }
    },
    /** Rules 26 and 75: the skeleton looks at the namespace last, and not at all in CHECK. */
    NAMESPACE_FIRST {
      @Override
      boolean explains(Call call, int ours, int theirs) {
        return ours == 8;
      }
    },
    /** Rule 9: the skeleton reads and judges stdin before it looks at the verb. */
    VERB_FIRST {
      @Override
      boolean explains(Call call, int ours, int theirs) {
        return ours == 4 && List.of("add", "FOO").contains(call.get("CNI_COMMAND"));
      }
    },
    /** Rule 23: plugins leave the code to the skeleton, which calls it internal (999). */
    ARGUMENTS_ARE_ENVIRONMENT {
      @Override
      boolean explains(Call call, int ours, int theirs) {
        // Where stdin is wrong as well, plugins see that first.
        return (theirs == 999 || theirs == 6) && ours == 4 && !call.get("CNI_ARGS").equals(ABSENT);
      }
    },
    /** Rule 40. */
    UNKNOWN_KEYS_ARE_NAMED {
      @Override
      boolean explains(Call call, int ours, int theirs) {
        return ours == 2 && call.get("stdin").contains("warmPool");
      }
    },
    /** Rule 67: the library does not look at them. */
    INDEXES_ARE_CHECKED {
      @Override
      boolean explains(Call call, int ours, int theirs) {
        return ours == 7 && call.get("stdin").contains("\"interface\":9");
      }
    },
    /** A previous result of another version is converted; the library refuses it. */
    PREVIOUS_RESULTS_ARE_CONVERTED {
      @Override
      boolean explains(Call call, int ours, int theirs) {
        return theirs == 6
            && ours != 6
            && call.get("stdin").contains("\"prevResult\":{\"cniVersion\"");
      }
    },
    /** Rule 91: CHECK compares with what the node has, which is no such pod. */
    CHECK_LOOKS_AT_THE_NODE {
      @Override
      boolean explains(Call call, int ours, int theirs) {
        return ours == 100 && theirs == 0 && call.get("CNI_COMMAND").equals("CHECK");
      }
    },
    /** Rules 77 and 81: DEL looks at nothing but the attachment's key. */
    DEL_JUDGES_NOTHING_ELSE {
      @Override
      boolean explains(Call call, int ours, int theirs) {
        return ours == 0 && theirs == 6 && call.get("CNI_COMMAND").equals("DEL");
      }
    },
    /** CHECK leaves the previous result's parts, which are the whole chain's, unjudged. */
    CHECK_JUDGES_NO_OTHERS {
      @Override
      boolean explains(Call call, int ours, int theirs) {
        return ours == 100 && theirs == 6 && call.get("CNI_COMMAND").equals("CHECK");
      }
    },
    /** Rule 105: an ADD with such a configuration would fail; the skeleton does not look at it. */
    STATUS_JUDGES_THE_CONFIGURATION {
      @Override
      boolean explains(Call call, int ours, int theirs) {
        return ours == 6 && theirs == 0 && call.get("CNI_COMMAND").equals("STATUS");
      }
    };

    abstract boolean explains(Call call, int ours, int theirs);
  }

  private static Map<String, List<String>> values() {
    Map<String, List<String>> values = new LinkedHashMap<>();
    values.put(
        "CNI_COMMAND",
        List.of("ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION", ABSENT, "", "add", "FOO"));
    values.put(
        "CNI_CONTAINERID",
        List.of("c0ffee", ABSENT, "", "-x", "a/b", "a b", "a\n", "a%", "x".repeat(5000)));
    values.put(
        "CNI_NETNS",
        List.of("/proc/self/ns/net", ABSENT, "", "/nonexistent", "/dev/null", "/proc/self/ns/uts"));
    values.put(
        "CNI_IFNAME",
        List.of(
            "eth0",
            ABSENT,
            "",
            "abcdefghijklmno",
            "abcdefghijklmnop",
            ".",
            "..",
            "a/b",
            "a:b",
            "a b",
            "a\t",
            "eth0\n",
            "%d"));
    values.put(
        "CNI_ARGS",
        List.of(
            ABSENT,
            "",
            "IgnoreUnknown=1;A=b",
            "K8S_POD_NAME=web",
            "A=b",
            "A",
            "IgnoreUnknown=perhaps",
            "IgnoreUnknown=1;"));
    values.put("CNI_PATH", List.of("/opt/cni/bin", ABSENT, ""));
    values.put("CNI_NETNS_OVERRIDE", List.of("1", ABSENT, "", "0", "TRUE", "true", "yes"));
    values.put("stdin", inputs());
    return values;
  }

  private static List<String> inputs() {
    List<String> inputs = new ArrayList<>(List.of(GOOD));
    for (String version :
        List.of(
            "0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.0", "abc", "9.9.9", "1.x", "",
            "1.1.0 ", "v1.1.0")) {
      inputs.add("{\"cniVersion\":\"" + version + "\",\"name\":\"a\",\"prevResult\":{}}");
    }
    inputs.addAll(
        List.of(
            "",
            " ",
            "{",
            "[]",
            "null",
            "7",
            "\"x\"",
            "{}",
            "{\"name\":\"\"}",
            "{\"name\":7}",
            "{\"name\":null}",
            "{\"name\":\"-a\"}",
            "{\"name\":\"a/b\"}",
            "{\"name\":\"a\\n\"}",
            "{\"cniVersion\":7}",
            "{\"cniVersion\":7,\"name\":\"a\"}",
            "{\"cniVersion\":\"9.9.9\"}",
            "{\"cniVersion\":\"abc\",\"name\":\"-\"}",
            "{\"name\":\"a\"} {}",
            "{\"name\":\"a\",}",
            "{\"NAME\":\"a\",\"name\":\"-\"}",
            "{\"name\":\"-\",\"Name\":\"a\"}",
            "{\"CNIVersion\":\"1.1.0\",\"Name\":\"a\"}",
            "{\"cniVersion\":\"1.1.0\",\"name\":\"a\"}",
            "{\"cniVersion\":\"1.1.0\",\"name\":\"a\",\"prevResult\":null}",
            "{\"cniVersion\":\"1.1.0\",\"name\":\"a\",\"prevResult\":[]}",
            "{\"cniVersion\":\"1.1.0\",\"name\":\"a\",\"prevResult\":7}",
            "{\"cniVersion\":\"1.1.0\",\"name\":\"a\",\"prevResult\":{\"ips\":7}}",
            "{\"cniVersion\":\"1.1.0\",\"name\":\"a\",\"prevResult\":{\"ips\":[{\"address\":\"x\"}]}}",
            "{\"cniVersion\":\"1.1.0\",\"name\":\"a\",\"prevResult\":{\"ips\":[{\"address\":\"10.0.0.1/24\",\"interface\":9}]}}",
            "{\"cniVersion\":\"1.1.0\",\"name\":\"a\",\"prevResult\":{\"cniVersion\":\"0.2.0\"}}",
            "{\"cniVersion\":\"1.1.0\",\"name\":\"a\",\"warmPool\":1}",
            "{\"cniVersion\":\"1.1.0\",\"name\":\"a\",\"dns\":7}",
            "{\"cniVersion\":\"1.1.0\",\"name\":\"a\",\"args\":{\"cni\":{}},\"disableCheck\":true}",
            "{\"cniVersion\":\"1.1.0\",\"name\":\"a\",\"cni.dev/valid-attachments\":[]}"));
    return inputs;
  }

  /** Every value alone in every verb, and many at random. */
  private static List<Call> calls(Random random) {
    Map<String, String> first = new HashMap<>();
    VALUES.forEach((name, all) -> first.put(name, all.getFirst()));
    Call good = new Call(first);
    List<Call> calls = new ArrayList<>();
    for (String verb : VALUES.getOrDefault("CNI_COMMAND", List.of())) {
      VALUES.forEach(
          (name, all) ->
              all.forEach(value -> calls.add(good.with("CNI_COMMAND", verb).with(name, value))));
    }
    for (int i = 0; i < RANDOM; i++) {
      Map<String, String> call = new HashMap<>();
      VALUES.forEach(
          (name, all) ->
              call.put(
                  name,
                  random.nextInt(3) > 0 && !name.equals("CNI_COMMAND")
                      ? all.getFirst()
                      : all.get(random.nextInt(all.size()))));
      calls.add(new Call(call));
    }
    return calls;
  }

  @Test
  @Tag("cni-9")
  @Tag("cni-14")
  @Tag("cni-15")
  @Tag("cni-16")
  @Tag("cni-20")
  @Tag("cni-25")
  @Tag("cni-27")
  @Tag("cni-28")
  @Tag("cni-33")
  @Tag("cni-34")
  @Tag("cni-35")
  @Tag("cni-36")
  @Tag("cni-37")
  @Tag("cni-38")
  @Tag("cni-43")
  void thePluginAnswersAsTheReferenceLibrarysSkeletonDoes(TestReporter reporter) throws Exception {
    long seed = Long.getLong("millpond.seed", System.nanoTime());
    reporter.publishEntry("seed", Long.toString(seed));
    List<String> unexplained = new ArrayList<>();
    Set<Departure> seen = EnumSet.noneOf(Departure.class);
    int compared = 0;
    try (ServedNode served = new ServedNode(run)) {
      for (Call call : calls(new Random(seed))) {
        int ours = answer(served, ServedNode.PLUGIN.toString(), call);
        int theirs = answer(served, ServedNode.library("skeleton"), call);
        compared++;
        if (ours == 0 && call.get("CNI_COMMAND").equals("ADD")) {
          Call del = call.with("CNI_COMMAND", "DEL");
          assertThat(answer(served, ServedNode.PLUGIN.toString(), del)).isZero();
        }
        if (ours != theirs) {
          Stream.of(Departure.values())
              .filter(departure -> departure.explains(call, ours, theirs))
              .findFirst()
              .ifPresentOrElse(
                  seen::add,
                  () -> unexplained.add("ours %d, theirs %d: %s".formatted(ours, theirs, call)));
        }
      }
    }
    assertThat(unexplained).as("seed %d", seed).isEmpty();
    assertThat(seen).as("every departure that is named").containsExactly(Departure.values());
    assertThat(compared).isGreaterThan(1000);
  }

  /** The error's code, or 0. */
  private static int answer(ServedNode served, String program, Call call) throws Exception {
    Map<String, String> variables = new HashMap<>(call.values());
    String stdin = call.get("stdin");
    variables.remove("stdin");
    variables.values().removeIf(ABSENT::equals);
    Ran ran = served.run(List.of(program), variables, stdin);
    if (ran.status() == 0) {
      return 0;
    }
    assertThat(ran.status()).as(ran.out() + ran.err()).isEqualTo(1);
    return code(ran.out());
  }

  /** Of the last document: the skeleton prints a result and an error where it looks too late. */
  private static int code(String out) {
    int code = -1;
    try (MappingIterator<JsonNode> documents = JSON.readerFor(JsonNode.class).readValues(out)) {
      while (documents.hasNext()) {
        code = documents.next().path("code").asInt(-1);
      }
    } catch (IOException e) {
      throw new AssertionError(out, e);
    }
    return code;
  }
}
