package io.millpond.node.policy;

import static io.millpond.node.policy.Policies.policy;
import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.node.settings.Settings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What policies come to on one node, while they and the node change. */
class NodePolicyTest {
  private static final Settings.Pool OWN =
      new Settings.Pool(
          1,
          Optional.of(5),
          Optional.of(10),
          0,
          Duration.ofSeconds(30),
          Duration.ofSeconds(180),
          0,
          0);

  private final List<Settings.Pool> heard = new ArrayList<>();
  private final NodePolicy node = new NodePolicy(OWN, false);

  NodePolicyTest() {
    node.tell(heard::add);
  }

  private Settings.Pool now() {
    return heard.isEmpty() ? OWN : heard.getLast();
  }

  @Test
  void nothingChangesBeforeBothTheNodeAndThePoliciesAreKnown() {
    node.replace(List.of(policy("all", "{warmIpTarget: 9}")));
    assertThat(heard).isEmpty();
    assertThat(node.known()).isFalse();
    node.labels(Map.of());
    assertThat(node.known()).isTrue();
    assertThat(now().warmIpTarget()).contains(9);
  }

  /** The pool is made after the policies are known. */
  @Test
  void whoListensLaterHearsWhatIsInForce() {
    NodePolicy early = new NodePolicy(OWN, false);
    early.labels(Map.of());
    early.replace(List.of(policy("all", "{warmIpTarget: 9}")));
    List<Settings.Pool> late = new ArrayList<>();
    early.tell(late::add);
    assertThat(late)
        .singleElement()
        .extracting(Settings.Pool::warmIpTarget)
        .isEqualTo(Optional.of(9));
    List<Settings.Pool> none = new ArrayList<>();
    new NodePolicy(OWN, false).tell(none::add);
    assertThat(none).isEmpty();
  }

  @Test
  void everyFieldIsLaidOverTheNodesOwnAndWhatIsLeftOutStays() {
    node.labels(Map.of("size", "big"));
    node.replace(
        List.of(
            policy(
                "big",
                "{nodeSelector: {matchLabels: {size: big}}, warmIpTarget: 7, maxEni: 3, ipCooldownPeriod: 45, releaseDelay: 5m}")));
    assertThat(now())
        .isEqualTo(
            new Settings.Pool(
                1,
                Optional.of(7),
                Optional.of(10),
                3,
                Duration.ofSeconds(45),
                Duration.ofMinutes(5),
                0,
                0));
    assertThat(node.inForce().policy()).contains("big");
    assertThat(node.inForce().settings())
        .containsExactlyInAnyOrderEntriesOf(
            Map.of(
                "WARM_IP_TARGET", "7",
                "MAX_ENI", "3",
                "IP_COOLDOWN_PERIOD", "45000ms",
                "MILLPOND_RELEASE_DELAY", "300000ms"));
    assertThat(node.findings()).isEmpty();
  }

  /** The node's own targets of addresses would leave it without effect. */
  @Test
  void aTargetOfEnisAloneMeansEnis() {
    node.labels(Map.of());
    node.replace(List.of(policy("enis", "{warmEniTarget: 2}")));
    assertThat(now().warmEniTarget()).isEqualTo(2);
    assertThat(now().warmIpTarget()).isEmpty();
    assertThat(now().minimumIpTarget()).isEmpty();
    node.replace(List.of(policy("enis", "{maxEni: 2}")));
    assertThat(now().warmIpTarget()).contains(5);
  }

  @Test
  void aPolicyThatGoesAndLabelsThatChangeGiveTheNodeItsOwnSettingsBack() {
    node.labels(Map.of("size", "big"));
    node.put(policy("big", "{nodeSelector: {matchLabels: {size: big}}, warmIpTarget: 7}"));
    node.replace(
        List.of(policy("big", "{nodeSelector: {matchLabels: {size: big}}, warmIpTarget: 7}")));
    assertThat(now().warmIpTarget()).contains(7);
    node.labels(Map.of("size", "small"));
    assertThat(now()).isEqualTo(OWN);
    assertThat(node.inForce()).isEqualTo(NodePolicy.InForce.NOTHING);
    node.labels(Map.of("size", "big"));
    assertThat(now().warmIpTarget()).contains(7);
    node.remove("big");
    assertThat(now()).isEqualTo(OWN);
    assertThat(heard).hasSize(4);
  }

  @Test
  void thoseThatHaveNoEffectAreNamed() {
    node.labels(Map.of());
    node.replace(
        List.of(
            policy("first", "{warmIpTarget: 1}"),
            policy("second", "{warmIpTarget: 2, priority: 5}"),
            policy("third", "{warmIpTarget: 3}")));
    assertThat(now().warmIpTarget()).contains(2);
    assertThat(node.inForce().policy()).contains("second");
    assertThat(node.inForce().overridden()).containsExactly("first", "third");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{warmIpTarget: 99999}             | spec.warmIpTarget=99999: out of range 0 to 8192; expected: number 0 to 8192",
        "{warmIpTarget: many}              | spec.warmIpTarget=many: not a whole number",
        "{minimumIpTarget: -1}             | spec.minimumIpTarget=-1: out of range",
        "{maxEni: 1.5}                     | spec.maxEni=1.5: not a whole number",
        "{ipCooldownPeriod: 2h}            | spec.ipCooldownPeriod=2h: out of range 0s to 3600s",
        "{releaseDelay: [1]}               | spec.releaseDelay=[1]: not a time such as 30, 30s, 500ms or 2m",
        "{priority: 1001}                  | spec.priority=1001: expected: number -1000 to 1000",
        "{priority: high}                  | spec.priority=\"high\": expected: number",
        "{nodeSelector: {matchLabels: {a: 1}}} | spec.nodeSelector.matchLabels=a: 1: name labels and their values",
        "{nodeSelector: {matchExpressions: [{key: a, operator: Is}]}} | spec.nodeSelector.matchExpressions.operator=Is: use In, NotIn, Exists or DoesNotExist",
        "{nodeSelector: {matchExpressions: [{key: a, operator: In}]}} | spec.nodeSelector.matchExpressions.values=none: In and NotIn need one value or more",
        "{nodeSelector: {matchExpressions: [{key: '', operator: Exists}]}} | spec.nodeSelector.matchExpressions.key=: name a label",
      })
  void whatCannotBeUsedIsNamedAndWhatItSaidBeforeStays(String spec, String said) {
    node.labels(Map.of());
    node.replace(List.of(policy("all", "u1", 1, "{warmIpTarget: 7}")));
    node.put(policy("all", "u1", 2, spec));
    assertThat(now().warmIpTarget()).contains(7);
    assertThat(node.findings())
        .singleElement()
        .satisfies(
            finding ->
                assertThat(finding)
                    .contains("WarmPoolPolicy \"all\" cannot be used: " + said)
                    .contains("what it said before stays in force (generation 1)"));
    assertThat(node.inForce().generation()).isEqualTo(1);
    assertThat(node.inForce().refusal()).isPresent();

    node.put(policy("all", "u1", 3, "{warmIpTarget: 8}"));
    assertThat(now().warmIpTarget()).contains(8);
    assertThat(node.findings()).isEmpty();
  }

  @Test
  void onePolicyThatNeverCouldBeUsedIsPassedOver() {
    node.labels(Map.of());
    node.replace(
        List.of(
            policy("bad", "{warmIpTarget: 99999, priority: 9}"),
            policy("good", "{warmIpTarget: 3}")));
    assertThat(now().warmIpTarget()).contains(3);
    assertThat(node.findings())
        .singleElement()
        .asString()
        .contains("it counts on no node until then");
    // Made again under the same name, it has no past.
    node.replace(List.of(policy("good", "u9", 1, "{warmIpTarget: 99999}")));
    assertThat(now()).isEqualTo(OWN);
  }

  @Test
  void aFieldThatOnlyANewerVersionKnowsDoesNotRefuseTheRest() {
    node.labels(Map.of());
    node.replace(List.of(policy("new", "{warmIpTarget: 3, warmPrefixTarget: 1}")));
    assertThat(now().warmIpTarget()).contains(3);
    assertThat(node.findings()).singleElement().asString().contains("spec.warmPrefixTarget");
  }

  @Test
  void whatLeavesThisNodeWithoutEnisForPodsIsRefusedHereAlone() {
    List<Settings.Pool> told = new ArrayList<>();
    Settings.Pool primaryKept =
        new Settings.Pool(
            1,
            Optional.empty(),
            Optional.empty(),
            0,
            Duration.ofSeconds(30),
            Duration.ofSeconds(180),
            1,
            0);
    NodePolicy keeping = new NodePolicy(primaryKept, true);
    keeping.tell(told::add);
    keeping.labels(Map.of());
    keeping.replace(List.of(policy("one", "{maxEni: 1}")));
    assertThat(told).isEmpty();
    assertThat(keeping.inForce().refusal())
        .hasValueSatisfying(
            why ->
                assertThat(why)
                    .contains(
                        "MAX_ENI=1 with AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG=true leaves no ENI for pods"));
    assertThat(keeping.findings()).hasSize(1);

    node.labels(Map.of());
    node.replace(List.of(policy("one", "{maxEni: 1}")));
    assertThat(now().maxEni()).isEqualTo(1);
  }
}
