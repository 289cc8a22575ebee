package io.millpond.node.policy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A selector selects as Kubernetes' own do. */
class LabelsTest {
  private static final Map<String, String> NODE =
      Map.of("size", "big", "topology.kubernetes.io/zone", "eu-central-1a", "bare", "");

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{}                                                                   | true",
        "{matchLabels: {size: big}}                                           | true",
        "{matchLabels: {size: small}}                                         | false",
        "{matchLabels: {bare: ''}}                                            | true",
        "{matchLabels: {absent: ''}}                                          | false",
        "{matchLabels: {size: big, topology.kubernetes.io/zone: eu-central-1b}} | false",
        "{matchExpressions: [{key: size, operator: In, values: [small, big]}]} | true",
        "{matchExpressions: [{key: absent, operator: In, values: [x]}]}       | false",
        "{matchExpressions: [{key: size, operator: NotIn, values: [small]}]}  | true",
        "{matchExpressions: [{key: size, operator: NotIn, values: [big]}]}    | false",
        "{matchExpressions: [{key: absent, operator: NotIn, values: [x]}]}    | true",
        "{matchExpressions: [{key: bare, operator: Exists}]}                  | true",
        "{matchExpressions: [{key: absent, operator: Exists}]}                | false",
        "{matchExpressions: [{key: absent, operator: DoesNotExist}]}          | true",
        "{matchExpressions: [{key: size, operator: DoesNotExist}]}            | false",
        "{matchLabels: {size: big}, matchExpressions: [{key: bare, operator: DoesNotExist}]} | false",
      })
  void ofEveryKind(String selector, boolean selects) throws UnusableException {
    assertThat(Labels.read(Policies.yaml(selector)).match(NODE)).isEqualTo(selects);
  }
}
