package io.millpond.simulator;

import io.millpond.simulator.SimulatorConfig.InstanceConfig;
import io.millpond.simulator.account.NewInstance;
import io.millpond.simulator.model.SecurityGroup;
import io.millpond.simulator.model.Subnet;
import io.millpond.simulator.model.Vpc;
import java.util.List;
import java.util.TreeMap;

/** What a configuration describes, as the account's values. */
final class Configured {
  private Configured() {}

  static NewInstance instance(InstanceConfig config) {
    List<String> groups = config.securityGroups();
    return new NewInstance(
        config.id(),
        config.name(),
        config.type(),
        config.subnet(),
        config.address(),
        groups == null ? List.of() : groups,
        config.netns() == null ? config.name() : config.netns(),
        new TreeMap<>(config.tags()));
  }

  static Vpc vpc(SimulatorConfig config) {
    return new Vpc(config.vpc().id(), config.vpc().cidr(), new TreeMap<>(config.vpc().tags()));
  }

  static List<Subnet> subnets(SimulatorConfig config) {
    return config.subnets().stream()
        .map(
            s -> new Subnet(s.id(), config.vpc().id(), s.zone(), s.cidr(), new TreeMap<>(s.tags())))
        .toList();
  }

  static List<SecurityGroup> groups(SimulatorConfig config) {
    return config.securityGroups().stream()
        .map(
            g ->
                new SecurityGroup(
                    g.id(), config.vpc().id(), g.name(), g.name(), new TreeMap<>(g.tags())))
        .toList();
  }
}
