package io.millpond.node.policy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.millpond.eni.EniPlacement;
import io.millpond.eni.EniPool;
import io.millpond.node.settings.InvalidSettingsException;
import io.millpond.node.settings.Settings;
import io.millpond.node.settings.SettingsReader;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which ENIConfig is a node's, and what it says. */
class NodePlacementTest {
  private static final String KEY = "k8s.amazonaws.com/eniConfig";
  private static final String SUBNET = "subnet-0a1b2c3d4e5f60718";
  private static final String OTHER = "subnet-0a1b2c3d4e5f60719";
  private static final String GROUP = "sg-0a1b2c3d4e5f60718";

  private final NodePlacement placement = new NodePlacement(settings("true"), Optional.empty());

  private static Settings.Cloud settings(String customNetwork) {
    try {
      return SettingsReader.read(
              Path.of("/nonexistent/millpond.yaml"),
              Map.of("AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG", customNetwork))
          .cloud();
    } catch (InvalidSettingsException e) {
      throw new AssertionError(e);
    }
  }

  private static JsonNode config(String name, String spec) {
    return Policies.yaml("metadata: {name: %s}\nspec: %s\n".formatted(name, spec));
  }

  private static JsonNode config(String name, String subnet, String group) {
    return config(name, "{subnet: %s, securityGroups: [%s]}".formatted(subnet, group));
  }

  private EniPool place() {
    return placement.get() instanceof EniPlacement.In(EniPool place, String _)
        ? place
        : new EniPool(List.of(placement.get().toString()), List.of());
  }

  private String why() {
    return placement.get() instanceof EniPlacement.Nowhere(String why) ? why : "";
  }

  /** amazon-vpc-cni-k8s, GetNodeSpecificENIConfigName. */
  @ParameterizedTest
  @CsvSource({
    "external, annotated, labelled, external",
    "        , annotated, labelled, annotated",
    "        ,          , labelled, labelled",
    "        ,          ,         , default",
  })
  void theNameIsThatOfTheExternalLabelThenTheAnnotationThenTheLabelThenDefault(
      String external, String annotated, String labelled, String name) {
    Map<String, String> labels = new java.util.HashMap<>();
    if (external != null) {
      labels.put("vpc.amazonaws.com/externalEniConfig", external);
    }
    if (labelled != null) {
      labels.put("of/label", labelled);
    }
    Map<String, String> annotations =
        annotated == null ? Map.of() : Map.of("of/annotation", annotated);
    assertThat(EniConfigs.named(labels, annotations, "of/annotation", "of/label").name())
        .isEqualTo(name);
  }

  @Test
  void newEnisFollowItAndItsChanges() {
    AtomicInteger changes = new AtomicInteger();
    placement.whenChanged(changes::incrementAndGet);
    placement.node(Map.of(KEY, "pods"), Map.of());
    assertThat(why()).contains("not known yet");
    placement.replace(List.of(config("pods", SUBNET, GROUP), config("others", OTHER, GROUP)));
    assertThat(place()).isEqualTo(new EniPool(List.of(SUBNET), List.of(GROUP)));
    assertThat(placement.findings()).isEmpty();
    placement.put(config("pods", "{subnet: %s}".formatted(OTHER)));
    assertThat(place()).isEqualTo(new EniPool(List.of(OTHER), List.of()));
    placement.node(Map.of(KEY, "pods"), Map.of(KEY, "others"));
    assertThat(place()).isEqualTo(new EniPool(List.of(OTHER), List.of(GROUP)));
    assertThat(changes).hasValue(3);
    placement.put(config("unrelated", SUBNET, GROUP));
    assertThat(changes).hasValue(3);
  }

  @Test
  void aNameThatNoObjectHasMeansNoEniAndSaysWhoNamedItAndWhatThereIs() {
    placement.node(Map.of(KEY, "pds"), Map.of());
    placement.replace(List.of(config("pods", SUBNET, GROUP)));
    assertThat(why())
        .isEqualTo(
            "there is no ENIConfig \"pds\" (the node's label k8s.amazonaws.com/eniConfig): create it, or name another one; there are: pods");
    assertThat(placement.findings()).hasSize(1);
    placement.node(Map.of(), Map.of());
    assertThat(why()).contains("there is no ENIConfig \"default\"", "neither annotation " + KEY);
    placement.put(config("default", SUBNET, GROUP));
    assertThat(place().subnets()).containsExactly(SUBNET);
    placement.remove("default");
    assertThat(why()).contains("there is no ENIConfig \"default\"");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{securityGroups: [sg-0a1b2c3d4e5f60718]}  | spec.subnet=: name a subnet of the node's zone",
        "{subnet: net-1}                           | spec.subnet=net-1: name a subnet",
        "{subnet: subnet-0a1b2c3d4e5f60718, securityGroups: [default]} | spec.securityGroups=default: name security groups",
      })
  void whatCannotBeUsedMeansNoEniRatherThanOneInAWrongPlace(String spec, String said) {
    placement.node(Map.of(KEY, "pods"), Map.of());
    placement.replace(List.of(config("pods", SUBNET, GROUP)));
    placement.put(config("pods", spec));
    assertThat(why()).contains("ENIConfig \"pods\"", said);
  }

  @Test
  void withoutTheirDefinitionInTheClusterNoEniIsMadeAndThatIsSaid() {
    placement.node(Map.of(), Map.of());
    placement.unreadable("the cluster has no ENIConfigs");
    assertThat(why()).isEqualTo("the cluster has no ENIConfigs");
    placement.replace(List.of(config("default", SUBNET, GROUP)));
    assertThat(place().subnets()).containsExactly(SUBNET);
    placement.unreadable("forbidden");
    assertThat(place().subnets()).as("what was known stays").containsExactly(SUBNET);
  }

  @Test
  void withoutCustomNetworkingTheSettingsSayWhere() {
    NodePlacement none = new NodePlacement(settings("false"), Optional.empty());
    none.node(Map.of(KEY, "pods"), Map.of());
    none.replace(List.of(config("pods", SUBNET, GROUP)));
    assertThat(none.get()).isEqualTo(EniPlacement.AS_CONFIGURED);
  }

  @Test
  void customNetworkingWithoutKubernetesMakesNoEniAndSaysSo() {
    NodePlacement lonely =
        new NodePlacement(settings("true"), Optional.of("MILLPOND_KUBERNETES=off"));
    assertThat(lonely.findings())
        .singleElement()
        .asString()
        .contains("needs Kubernetes: MILLPOND_KUBERNETES=off");
  }
}
