package io.millpond.cni;

import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.pool.value.AttachmentKey;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The variables once more: a file in the spool may have been written by anything. */
class EnvironmentOfRequestTest {
  @Test
  void aRequestNamesItsAttachment() throws Exception {
    CniRequest.Add add =
        Call.of("ADD").with("CNI_ARGS", "K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web-0").add();

    assertThat(add.key()).isEqualTo(new AttachmentKey("millpond", "c0ffee", "eth0"));
    assertThat(add.netnsPath()).isEqualTo("/run/netns/pod");
    assertThat(add.pod()).isEqualTo(new PodName("shop", "web-0"));
    assertThat(add.pod()).hasToString("shop/web-0");
    assertThat(add.version()).isEqualTo(CniVersion.V1_1_0);
    assertThat(add.previous()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "add", "VERSION", "ADD\n", "FOO"})
  @Tag("cni-9")
  void anUnknownVerbIsRefused(String verb) {
    Call.of(verb).refusedWith(4);
  }

  @ParameterizedTest
  @CsvSource({
    "ADD, CNI_CONTAINERID",
    "ADD, CNI_NETNS",
    "ADD, CNI_IFNAME",
    "DEL, CNI_CONTAINERID",
    "DEL, CNI_IFNAME",
    "CHECK, CNI_CONTAINERID",
    "CHECK, CNI_IFNAME"
  })
  @Tag("cni-14")
  @Tag("cni-15")
  void aVariableThatIsMissingOrEmptyIsNamed(String verb, String name) {
    Call call = Call.of(verb).keys("\"prevResult\":{}");
    assertThat(call.without(name).refusedWith(4).details()).isEqualTo(name);
    assertThat(call.with(name, "").refusedWith(4).details()).isEqualTo(name);
  }

  @Test
  @Tag("cni-19")
  @Tag("cni-76")
  @Tag("cni-86")
  void aDelNeedsNoNamespaceButItsKey() throws Exception {
    assertThat(Call.of("DEL").without("CNI_NETNS").parse()).isInstanceOf(CniRequest.Del.class);
    Call.of("DEL").with("CNI_CONTAINERID", "a/b").refusedWith(4);
  }

  @ParameterizedTest
  @ValueSource(strings = {"-", "a/b", "a\n", "a b", "é", "\u0000"})
  @Tag("cni-16")
  @Tag("cni-17")
  void aContainerIdOutsideThePatternIsRefused(String id) {
    Call.of("ADD").with("CNI_CONTAINERID", id).refusedWith(4);
  }

  @Test
  @Tag("cni-18")
  void aContainerIdMayBeLong() throws Exception {
    assertThat(Call.of("ADD").with("CNI_CONTAINERID", "a".repeat(8192)).add()).isNotNull();
    Call.of("ADD").with("CNI_CONTAINERID", "a".repeat(8193)).refusedWith(4);
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
        "eth0\n",
        "%d",
        "é",
        "a\u2003",
        "\u0000",
        "a\u007f"
      })
  @Tag("cni-20")
  @Tag("cni-21")
  void anInterfaceNameThatTheKernelRefusesIsRefused(String name) {
    Call.of("ADD").with("CNI_IFNAME", name).refusedWith(4);
  }

  @ParameterizedTest
  @ValueSource(strings = {"e", "abcdefghijklmno", "...", ".a", "eth0.100", "~"})
  @Tag("cni-20")
  void anInterfaceNameOfOneToFifteenOctetsIsTaken(String name) throws Exception {
    assertThat(Call.of("ADD").with("CNI_IFNAME", name).add().key().ifName()).isEqualTo(name);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''|''|''",
        "K8S_POD_NAME=web|''|web",
        "IgnoreUnknown=1;K8S_POD_NAME=web|''|web",
        "K8S_POD_INFRA_CONTAINER_ID=x;K8S_POD_UID=y;K8S_POD_NAME=web;K8S_POD_NAMESPACE=n|n|web",
        "K8S_POD_NAMESPACE=n;IgnoreUnknown=true;FOO=bar|n|''",
        "FOO=bar;IgnoreUnknown=TRUE|''|''",
        "IgnoreUnknown=0|''|''",
        "IgnoreUnknown=False;K8S_POD_NAME=|''|''",
        "K8S_POD_NAME=a;K8S_POD_NAME=b|''|b",
        "IgnoreUnknown=1;k8s_pod_name=web|''|''",
        "IgnoreUnknown=1;=web|''|''"
      })
  @Tag("cni-23")
  @Tag("cni-24")
  void argumentsNameThePod(String arguments, String namespace, String name) throws Exception {
    for (String verb : List.of("ADD", "DEL")) {
      CniRequest request = Call.of(verb).with("CNI_ARGS", arguments).parse();
      PodName pod =
          request instanceof CniRequest.Add add ? add.pod() : ((CniRequest.Del) request).pod();
      assertThat(pod.namespace()).isEqualTo(namespace);
      assertThat(pod.name()).isEqualTo(name);
      assertThat(pod.uid()).isEqualTo(arguments.contains("K8S_POD_UID=y") ? "y" : "");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "K8S_POD_NAME",
        "=",
        "=web",
        ";",
        "K8S_POD_NAME=web;",
        ";K8S_POD_NAME=web",
        "K8S_POD_NAME=a=b",
        "K8S_POD_NAME=a;;K8S_POD_UID=b",
        "FOO=bar",
        "IgnoreUnknown=0;FOO=bar",
        "IgnoreUnknown=yes",
        "IgnoreUnknown=",
        "ignoreunknown=1",
        "IgnoreUnknown=1;FOO"
      })
  @Tag("cni-23")
  void argumentsThatTheLibraryRefusesAreRefused(String arguments) {
    for (String verb : List.of("ADD", "DEL", "CHECK")) {
      CniError error =
          Call.of(verb).keys("\"prevResult\":{}").with("CNI_ARGS", arguments).refusedWith(4);
      assertThat(error.msg()).contains("CNI_ARGS");
    }
  }

  @Test
  @Tag("cni-112")
  @Tag("cni-113")
  void anAddressOrMacAddressThatIsAskedForIsNotSilentlyIgnored() throws Exception {
    Call call = Call.of("ADD").with("CNI_ARGS", "IgnoreUnknown=1;IP=10.0.0.9");
    assertThat(call.refusedWith(2).msg()).contains("IP=10.0.0.9");
    Call.of("ADD").with("CNI_ARGS", "MAC=02:00:00:00:00:01").refusedWith(2);
    assertThat(Call.of("ADD").with("CNI_ARGS", "IP=;MAC=").add()).isNotNull();
    assertThat(Call.of("DEL").with("CNI_ARGS", "IP=10.0.0.9").parse()).isNotNull();
  }

  @Test
  void namesOfPodsAreCleanedAndCut() throws Exception {
    CniRequest.Add add =
        Call.of("ADD")
            .with("CNI_ARGS", "K8S_POD_NAMESPACE=a\nb/\u0000;K8S_POD_NAME=" + "x".repeat(300))
            .add();

    assertThat(add.pod().namespace()).isEqualTo("a?b??");
    assertThat(add.pod().name()).hasSize(253);
  }
}
