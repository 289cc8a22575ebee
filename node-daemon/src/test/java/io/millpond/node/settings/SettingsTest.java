package io.millpond.node.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.millpond.pool.value.PoolName;
import io.millpond.pool.value.Prefix;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsTest {
  /**
   * For every setting: a text that is not the default, the component it sets, and the value there.
   */
  private static final Map<String, Expected> MAPPING = new LinkedHashMap<>();

  private record Expected(String text, String component, Object value) {}

  static {
    map("WARM_ENI_TARGET", "2", "pool.warmEniTarget", 2);
    map("WARM_IP_TARGET", "5", "pool.warmIpTarget", Optional.of(5));
    map("MINIMUM_IP_TARGET", "10", "pool.minimumIpTarget", Optional.of(10));
    map("MAX_ENI", "4", "pool.maxEni", 4);
    map("IP_COOLDOWN_PERIOD", "45", "pool.cooldown", Duration.ofSeconds(45));
    map("MILLPOND_RELEASE_DELAY", "5m", "pool.releaseDelay", Duration.ofMinutes(5));
    map("MILLPOND_FIRST_ENI", "1", "pool.firstEni", 1);
    map("MILLPOND_MAX_PODS", "58", "pool.maxPods", 58);
    map("CLUSTER_NAME", "blue", "cloud.clusterName", Optional.of("blue"));
    map(
        "MILLPOND_SUBNETS",
        "subnet-0123456789abcdef0, subnet-11111111",
        "cloud.subnets",
        List.of("subnet-0123456789abcdef0", "subnet-11111111"));
    map(
        "MILLPOND_SECURITY_GROUPS",
        "sg-0123456789abcdef0",
        "cloud.securityGroups",
        List.of("sg-0123456789abcdef0"));
    map(
        "MILLPOND_ENI_TAGS",
        "team=net,cost=7",
        "cloud.eniTags",
        Map.of("team", "net", "cost", "7"));
    map(
        "AWS_ENDPOINT_URL_EC2",
        "http://127.0.0.1:8000",
        "cloud.ec2Endpoint",
        Optional.of(URI.create("http://127.0.0.1:8000")));
    map(
        "AWS_EC2_METADATA_SERVICE_ENDPOINT",
        "http://127.0.0.1:9000",
        "cloud.metadataEndpoint",
        URI.create("http://127.0.0.1:9000"));
    map("AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG", "true", "cloud.customNetwork", true);
    map("ENI_CONFIG_ANNOTATION_DEF", "a.b/c", "cloud.eniConfigAnnotation", "a.b/c");
    map(
        "ENI_CONFIG_LABEL_DEF",
        "topology.kubernetes.io/zone",
        "cloud.eniConfigLabel",
        "topology.kubernetes.io/zone");
    map("MILLPOND_ENI_CLEANER", "false", "cloud.cleaner", false);
    map("MILLPOND_CLOUD_CHECK_PERIOD", "2m", "cloud.checkPeriod", Duration.ofMinutes(2));
    map("AWS_VPC_ENI_MTU", "1500", "network.mtu", 1500);
    map(
        "MILLPOND_SERVICE_CIDRS",
        "172.20.0.0/16,10.100.0.0/16",
        "network.serviceCidrs",
        List.of(Prefix.parse("172.20.0.0/16"), Prefix.parse("10.100.0.0/16")));
    map(
        "MILLPOND_EXTRA_ROUTES",
        "10.9.0.0/16",
        "network.extraRoutes",
        List.of(Prefix.parse("10.9.0.0/16")));
    map("MILLPOND_KUBERNETES", "off", "kubernetes.use", KubernetesUse.OFF);
    map(
        "KUBECONFIG",
        "/etc/kubernetes/millpond.conf",
        "kubernetes.kubeconfig",
        Optional.of(Path.of("/etc/kubernetes/millpond.conf")));
    map(
        "MY_NODE_NAME",
        "ip-10-0-1-10.ec2.internal",
        "kubernetes.nodeName",
        Optional.of("ip-10-0-1-10.ec2.internal"));
    map(
        "CLUSTER_ENDPOINT",
        "https://10.0.0.2:6443",
        "kubernetes.endpoint",
        Optional.of(URI.create("https://10.0.0.2:6443")));
    map("MILLPOND_READY_ADDRESSES", "3", "kubernetes.readyAddresses", 3);
    map("MILLPOND_ADD_WAIT", "500ms", "daemon.addWait", Duration.ofMillis(500));
    map("MILLPOND_RECONCILE_PERIOD", "10s", "daemon.reconcilePeriod", Duration.ofSeconds(10));
    map(
        "MILLPOND_POOLS",
        "{storage: {subnets: [subnet-0a0b0c0d], warmIpTarget: 2}}",
        "cloud.pools",
        new TreeMap<>(
            Map.of(
                new PoolName("storage"),
                new Settings.NamedPool(List.of("subnet-0a0b0c0d"), List.of(), 2, 0))));
    map("MILLPOND_MAX_CONNECTIONS", "64", "daemon.maxConnections", 64);
    map("MILLPOND_RUN_DIR", "/run/other", "daemon.runDir", Path.of("/run/other"));
    map(
        "MILLPOND_HTTP_ADDRESS",
        "127.0.0.1:0",
        "daemon.httpAddress",
        new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0));
    map(
        "MILLPOND_METRICS_ADDRESS",
        "127.0.0.1:7",
        "daemon.metricsAddress",
        new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 7));
    map("MILLPOND_LOG_LEVEL", "debug", "daemon.logLevel", LogLevel.DEBUG);
    map(
        "MILLPOND_CNI_CONF_DIR",
        "/etc/cni/net.d",
        "installation.confDir",
        Optional.of(Path.of("/etc/cni/net.d")));
    map(
        "MILLPOND_CNI_BIN_DIR",
        "/opt/cni/bin",
        "installation.binDir",
        Optional.of(Path.of("/opt/cni/bin")));
    map("MILLPOND_SYSCTL_DIR", "/host/sysctl", "daemon.sysctlDir", Path.of("/host/sysctl"));
    map(
        "MILLPOND_PROBE_SOCKET",
        "/run/probe/sock",
        "daemon.probeSocket",
        Optional.of(Path.of("/run/probe/sock")));
    map(
        "MILLPOND_CONFLIST",
        "/etc/other.conflist",
        "installation.conflist",
        Path.of("/etc/other.conflist"));
  }

  @TempDir Path directory;

  private static final String POOLS =
      """
      pools:
        storage:
          subnets: [subnet-0a0b0c0d, subnet-0e0e0e0e]
          securityGroups: [sg-0a0b0c0d]
          warmIpTarget: 2
          minimumIpTarget: 3
        backup: {subnets: subnet-0f0f0f0f}
      """;

  @Test
  void poolsAreDescribedInTheFileOrAsJsonInTheEnvironment() throws Exception {
    var inFile = read(POOLS, Map.of()).cloud().pools();
    assertThat(inFile)
        .containsExactly(
            Map.entry(
                new PoolName("backup"),
                new Settings.NamedPool(List.of("subnet-0f0f0f0f"), List.of(), 0, 0)),
            Map.entry(
                new PoolName("storage"),
                new Settings.NamedPool(
                    List.of("subnet-0a0b0c0d", "subnet-0e0e0e0e"), List.of("sg-0a0b0c0d"), 2, 3)));
    String json = "{\"one\":{\"subnets\":[\"subnet-0a0b0c0d\"]}}";
    assertThat(read(POOLS, Map.of("MILLPOND_POOLS", json)).cloud().pools())
        .containsOnlyKeys(new PoolName("one"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{default: {subnets: [subnet-0a0b0c0d]}}|the pool default is what MILLPOND_SUBNETS",
        "{subnet-0a0b0c0d: {subnets: [subnet-0a0b0c0d]}}|cannot have a subnet's id as its name",
        "{'a b': {subnets: [subnet-0a0b0c0d]}}|not the name of a pool",
        "{a: {}}|pool a: subnets is missing or empty",
        "{a: {subnets: []}}|pool a: subnets is missing or empty",
        "{a: {subnets: [vpc-1]}}|pool a: subnets: not of the form",
        "{a: {subnets: [subnet-0a0b0c0d, subnet-0a0b0c0d]}}|pool a: subnets: subnet-0a0b0c0d twice",
        "{a: {subnets: [subnet-0a0b0c0d], securityGroups: [sg]}}|pool a: securityGroups: not of",
        "{a: {subnets: [subnet-0a0b0c0d], warmIpTarget: -1}}|pool a: warmIpTarget: not a number",
        "{a: {subnets: [subnet-0a0b0c0d], minimumIpTarget: x}}|pool a: minimumIpTarget: not a",
        "{a: {subnets: [subnet-0a0b0c0d], warmEniTarget: 1}}|pool a: unknown key warmEniTarget",
        "{a: [subnet-0a0b0c0d]}|pool a: not a map",
        "[a]|not a map of names to pools",
      })
  void aPoolThatCannotBeIsRefusedWithItsNameAndKey(String text, String why) {
    for (Map<String, String> environment : List.of(Map.of("MILLPOND_POOLS", text), NOTHING)) {
      assertThatThrownBy(() -> read(environment.isEmpty() ? "pools: " + text : "", environment))
          .isInstanceOfSatisfying(
              InvalidSettingsException.class,
              e -> assertThat(e.errors()).singleElement().asString().contains(why));
    }
  }

  private static final Map<String, String> NOTHING = Map.of();

  private static void map(String name, String text, String component, Object value) {
    MAPPING.put(name, new Expected(text, component, value));
  }

  @Test
  void everySettingSetsItsOwnComponentAndNoOther() throws Exception {
    Map<String, Object> defaults = components(Settings.defaults());
    Set<String> set = new HashSet<>();
    for (Setting<?> setting : KnownSettings.all()) {
      assertThat(MAPPING)
          .as("a row of the table for " + setting)
          .containsKey(setting.environment());
      Expected expected = Objects.requireNonNull(MAPPING.get(setting.environment()));
      Map<String, Object> changed =
          components(read("", Map.of(setting.environment(), expected.text())));
      Map<String, Object> wanted = new LinkedHashMap<>(defaults);
      wanted.put(expected.component(), expected.value());
      assertThat(changed).as(setting.environment()).isEqualTo(wanted).isNotEqualTo(defaults);
      set.add(expected.component());
    }
    assertThat(set)
        .as("components that no setting sets")
        .containsExactlyInAnyOrderElementsOf(defaults.keySet());
  }

  @Test
  void everySettingIsDocumentedAndTyped() {
    for (Setting<?> setting : KnownSettings.all()) {
      assertThat(setting.description())
          .as(setting.environment())
          .endsWith(".")
          .hasSizeGreaterThan(20);
      assertThat(setting.type().form()).as(setting.environment()).isNotBlank();
      assertThat(SettingsReader.help())
          .contains(setting.environment(), setting.fileKey(), setting.description());
    }
    assertThat(KnownSettings.all().stream().map(Setting::fileKey)).doesNotHaveDuplicates();
  }

  @Test
  void everySettingIsReadWhereSomethingIsDone() throws Exception {
    StringBuilder code = new StringBuilder();
    try (Stream<Path> sources = Files.walk(Path.of("src/main/java"))) {
      for (Path source : sources.filter(path -> path.toString().endsWith(".java")).toList()) {
        if (!source.toString().contains("/settings/")) {
          code.append(Files.readString(source));
        }
      }
    }
    for (String component : components(Settings.defaults()).keySet()) {
      String accessor = "." + component.substring(component.indexOf('.') + 1) + "()";
      assertThat(code.indexOf(accessor)).as(component + " is read").isNotNegative();
    }
  }

  @Test
  void everyDefaultIsAValueOfItsType() {
    for (Setting<?> setting : KnownSettings.all()) {
      String text = setting.defaultText();
      if (text != null) {
        assertThat(setting.type().reader().apply(text)).as(setting.environment()).isNotNull();
      }
    }
  }

  @Test
  void everyWrongValueIsToldAtOnce() {
    Map<String, String> wrong = new LinkedHashMap<>();
    for (Setting<?> setting : KnownSettings.all()) {
      wrong.put(setting.environment(), "%");
    }
    assertThatThrownBy(() -> read("", wrong))
        .isInstanceOfSatisfying(
            InvalidSettingsException.class,
            e -> {
              assertThat(e.errors()).hasSameSizeAs(KnownSettings.all());
              for (Setting<?> setting : KnownSettings.all()) {
                assertThat(e.errors())
                    .anySatisfy(
                        error ->
                            assertThat(error)
                                .startsWith(setting.environment() + "=%")
                                .contains(setting.type().form()));
              }
            });
  }

  @Test
  void theFileKeyIsTheNameInCamelCaseWithoutOurPrefix() {
    assertThat(KnownSettings.WARM_IP_TARGET.fileKey()).isEqualTo("warmIpTarget");
    assertThat(KnownSettings.ADD_WAIT.fileKey()).isEqualTo("addWait");
  }

  @Test
  void theFileWinsOverTheDefaultAndTheEnvironmentOverTheFile() throws Exception {
    String file =
        """
        warmIpTarget: 3
        minimumIpTarget: 7
        serviceCidrs: [172.20.0.0/16]
        eniTags: {team: net}
        """;
    Settings settings = read(file, Map.of("WARM_IP_TARGET", "4"));
    assertThat(settings.pool().warmIpTarget()).contains(4);
    assertThat(settings.pool().minimumIpTarget()).contains(7);
    assertThat(settings.pool().warmEniTarget()).isEqualTo(1);
    assertThat(settings.network().serviceCidrs()).containsExactly(Prefix.parse("172.20.0.0/16"));
    assertThat(settings.cloud().eniTags()).containsExactly(Map.entry("team", "net"));
  }

  @Test
  void anEmptyVariableEqualsAnAbsentOne() throws Exception {
    assertThat(read("warmIpTarget: 3", Map.of("WARM_IP_TARGET", " ")).pool().warmIpTarget())
        .contains(3);
  }

  @Test
  void allErrorsAreToldAtOnceWithNameValueSourceAndForm() throws Exception {
    Files.writeString(directory.resolve("config.yaml"), "warmIpTarget: many\nnoSuchKey: 1\n");
    InvalidSettingsException thrown =
        catchThrowableOfType(
            InvalidSettingsException.class,
            () ->
                SettingsReader.read(
                    directory.resolve("config.yaml"),
                    Map.of(
                        "MILLPOND_ADD_WAIT",
                        "2h",
                        "MILLPOND_SERVICE_CIDRS",
                        "172.20.0.1/16",
                        "MAX_ENI",
                        "1.5")));
    assertThat(thrown.errors())
        .hasSize(5)
        .anySatisfy(e -> assertThat(e).contains("noSuchKey"))
        .anySatisfy(
            e -> assertThat(e).contains("WARM_IP_TARGET", "many", "file", "number 0 to 8192"))
        .anySatisfy(e -> assertThat(e).contains("MILLPOND_ADD_WAIT=2h", "environment", "0s to 55s"))
        .anySatisfy(e -> assertThat(e).contains("MILLPOND_SERVICE_CIDRS"))
        .anySatisfy(e -> assertThat(e).contains("MAX_ENI=1.5", "not a whole number"));
  }

  @Test
  void aPoolWithoutAnyEniForPodsIsRefused() {
    assertThatThrownBy(() -> read("", Map.of("MAX_ENI", "1", "MILLPOND_FIRST_ENI", "1")))
        .isInstanceOf(InvalidSettingsException.class)
        .hasMessageContaining("leaves no ENI for pods");
  }

  @Test
  void aPluginThatWouldNotFindItsDaemonIsNotInstalled() {
    assertThatThrownBy(
            () ->
                read(
                    "",
                    Map.of("MILLPOND_CNI_BIN_DIR", "/opt/cni/bin", "MILLPOND_RUN_DIR", "/run/x")))
        .isInstanceOf(InvalidSettingsException.class)
        .hasMessageContaining("the plugin looks for the daemon in /run/millpond alone");
  }

  @Test
  void aMissingFileIsAnEmptyOneAndABrokenOneIsAnError() throws Exception {
    assertThat(SettingsReader.read(directory.resolve("none.yaml"), Map.of()))
        .isEqualTo(Settings.defaults());
    assertThatThrownBy(() -> read("a: [", Map.of())).hasMessageContaining("not YAML");
    assertThatThrownBy(() -> read("- 1", Map.of())).hasMessageContaining("keys and values");
    assertThatThrownBy(() -> read("maxEni: 1\nmaxEni: 2", Map.of()))
        .hasMessageContaining("not YAML");
  }

  @Test
  void unknownNamesOfOursAreToldButNotThoseOfAServiceCalledMillpond() {
    assertThat(
            SettingsReader.unknownNames(
                Map.of(
                    "MILLPOND_ADWAIT",
                    "1",
                    "MILLPOND_SERVICE_HOST",
                    "1",
                    "MILLPOND_PORT_80_TCP",
                    "1",
                    "MILLPOND_ADD_WAIT",
                    "1")))
        .containsExactly("MILLPOND_ADWAIT");
  }

  @Test
  void thePrintedSettingsReadBackAsTheSame() throws Exception {
    Map<String, String> environment = new LinkedHashMap<>();
    MAPPING.forEach((name, expected) -> environment.put(name, expected.text()));
    environment.remove("MILLPOND_RUN_DIR"); // contradicts another
    Path none = directory.resolve("none.yaml");
    Map<String, String> printed = new LinkedHashMap<>();
    for (String line : SettingsReader.print(none, environment).split("\n", -1)) {
      if (!line.isEmpty()) {
        printed.put(line.substring(0, line.indexOf('=')), line.substring(line.indexOf('=') + 1));
      }
    }
    assertThat(SettingsReader.read(none, printed))
        .isEqualTo(SettingsReader.read(none, environment));
  }

  private Settings read(String file, Map<String, String> environment)
      throws IOException, InvalidSettingsException {
    Path path = Files.writeString(directory.resolve("config.yaml"), file);
    return SettingsReader.read(path, environment);
  }

  private static Map<String, Object> components(Settings settings)
      throws ReflectiveOperationException {
    Map<String, Object> found = new LinkedHashMap<>();
    for (RecordComponent group : Settings.class.getRecordComponents()) {
      Object value = group.getAccessor().invoke(settings);
      List<RecordComponent> inner =
          new ArrayList<>(List.of(value.getClass().getRecordComponents()));
      for (RecordComponent component : inner) {
        found.put(
            group.getName() + "." + component.getName(), component.getAccessor().invoke(value));
      }
    }
    return found;
  }
}
