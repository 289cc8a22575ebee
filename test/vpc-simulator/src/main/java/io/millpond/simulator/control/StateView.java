package io.millpond.simulator.control;

import io.millpond.simulator.account.Account;
import io.millpond.simulator.model.NetworkInterface;
import io.millpond.simulator.model.Subnet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What {@code GET /v1/state} answers. */
final class StateView {
  private StateView() {}

  static Map<String, Object> of(Account account, Controlled simulator) {
    Map<String, Object> state = new LinkedHashMap<>();
    state.put("region", account.region());
    state.put("account", account.id());
    state.put("endpoints", simulator.endpoints());
    state.put("outage", Map.of("ec2", simulator.ec2Outage(), "imds", simulator.imdsOutage()));
    state.put("vpc", account.vpc());
    state.put("subnets", account.listSubnets().stream().map(s -> subnet(account, s)).toList());
    state.put("securityGroups", account.listGroups());
    state.put("instances", account.listInstances());
    List<NetworkInterface> interfaces = account.listInterfaces(0);
    state.put("interfaces", interfaces);
    state.put(
        "fabric",
        Map.of("counters", account.fabric().counters(), "failures", account.fabricFailures()));
    return state;
  }

  private static Map<String, Object> subnet(Account account, Subnet subnet) {
    Map<String, Object> view = new LinkedHashMap<>();
    view.put("id", subnet.id());
    view.put("cidr", subnet.cidr());
    view.put("zone", subnet.zone());
    view.put("router", subnet.router());
    view.put("freeAddresses", account.freeAddresses(subnet.id()));
    view.put("tags", subnet.tags());
    return view;
  }
}
