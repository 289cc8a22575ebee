package io.millpond.cni;

import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.cni.CniRequest.Attachment;
import io.millpond.cni.CniRequest.Gc;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GcTest {
  private static final String LIST =
      """
      [{"containerID":"a","ifname":"eth0"},{"containerID":"b","ifname":"net1","x":1}]""";

  private static Gc gc(String keys) throws CniException {
    return (Gc) Call.of("GC").keys(keys).parse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"cni.dev/valid-attachments\":",
        "\"cni.dev/attachments\":",
        "\"CNI.dev/Valid-Attachments\":",
        "\"cni.dev/attachments\":null,\"cni.dev/valid-attachments\":",
        "\"cni.dev/valid-attachments\":[],\"cni.dev/attachments\":"
      })
  @Tag("cni-95")
  @Tag("cni-96")
  @Tag("cni-99")
  void whatEitherKeyListsIsValid(String key) throws Exception {
    Gc gc = gc(key + LIST);

    assertThat(gc.network()).isEqualTo("millpond");
    assertThat(gc.valid().orElseThrow())
        .containsExactly(new Attachment("a", "eth0"), new Attachment("b", "net1"));
  }

  @Test
  @Tag("cni-95")
  void bothKeysTogetherAreOneList() throws Exception {
    String other = LIST.replace("\"a\"", "\"c\"");
    assertThat(
            gc("\"cni.dev/valid-attachments\":" + LIST + ",\"cni.dev/attachments\":" + other)
                .valid()
                .orElseThrow())
        .extracting(Attachment::containerId)
        .contains("a", "b", "c");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"cni.dev/valid-attachments\":null",
        "\"cni.dev/valid-attachments\":[]",
        "\"cni.dev/attachments\":null",
        "\"cni.dev/attachments\":[]",
        "\"cni.dev/valid-attachments\":null,\"cni.dev/attachments\":[]"
      })
  @Tag("cni-97")
  void nullAndTheEmptyListAreNone(String keys) throws Exception {
    assertThat(gc(keys).valid().orElseThrow()).isEmpty();
  }

  @Test
  @Tag("cni-98")
  void anAbsentListIsNotAnEmptyOne() throws Exception {
    assertThat(gc("\"cni.dev/other\":[]").valid()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "7",
        "\"a\"",
        "[7]",
        "[null]",
        "[[]]",
        "[{}]",
        "[{\"containerID\":\"a\"}]",
        "[{\"ifname\":\"a\"}]",
        "[{\"containerID\":7,\"ifname\":\"eth0\"}]",
        "[{\"containerID\":\"a\",\"ifname\":null}]",
        "[{\"containerID\":\"\",\"ifname\":\"eth0\"}]"
      })
  @Tag("cni-96")
  void aListThatIsNoneIsRefused(String list) {
    Call.of("GC").keys("\"cni.dev/valid-attachments\":" + list).refusedWith(7);
    Call.of("GC")
        .keys("\"cni.dev/valid-attachments\":[],\"cni.dev/attachments\":" + list)
        .refusedWith(7);
  }

  @Test
  @Tag("cni-28")
  void theVariablesOfAContainerAreIgnored() throws Exception {
    for (String verb : new String[] {"GC", "STATUS"}) {
      assertThat(
              Call.of(verb)
                  .with("CNI_CONTAINERID", "../")
                  .with("CNI_IFNAME", "a/b")
                  .without("CNI_NETNS")
                  .with("CNI_ARGS", ";")
                  .parse()
                  .network())
          .isEqualTo("millpond");
    }
  }
}
