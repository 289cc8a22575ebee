package io.millpond.simulator.ec2;

import io.millpond.simulator.account.Account;
import io.millpond.simulator.account.Instances.Terminated;
import io.millpond.simulator.conditions.Conditions;
import io.millpond.simulator.ec2.Action.Prepared;
import io.millpond.simulator.model.Instance;
import io.millpond.simulator.model.InstanceState;
import io.millpond.simulator.model.NetworkInterface;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** DescribeInstances and TerminateInstances. */
final class InstanceActions {
  private final Account account;
  private final Conditions conditions;
  private final InterfaceXml interfaceXml;

  /** An instance with the interfaces that describe calls show on it. */
  private record Shown(Instance instance, List<NetworkInterface> interfaces) {
    Optional<NetworkInterface> primary() {
      return interfaces.stream()
          .filter(eni -> eni.attachment() != null && eni.attachment().deviceIndex() == 0)
          .findFirst();
    }
  }

  InstanceActions(Account account, Conditions conditions) {
    this.account = account;
    this.conditions = conditions;
    this.interfaceXml = new InterfaceXml(account);
  }

  Map<String, Action> byName() {
    return Map.of("DescribeInstances", describe(), "TerminateInstances", this::terminate);
  }

  private Prepared terminate(Parameters call) {
    List<String> ids = call.list("InstanceId");
    if (ids.isEmpty()) {
      throw call.missing("instanceId");
    }
    return Prepared.change(
        () -> {
          List<Terminated> done = account.instances().terminate(ids);
          return xml ->
              xml.items(
                  "instancesSet",
                  done,
                  (item, one) ->
                      item.text("instanceId", one.instanceId())
                          .element("currentState", s -> state(s, one.current()))
                          .element("previousState", s -> state(s, one.previous())));
        });
  }

  private Action describe() {
    return new Describe<>(
        "InstanceId",
        Pattern.compile("i-([0-9a-f]{8}|[0-9a-f]{17})"),
        "InvalidInstanceID.Malformed",
        Describe.missing("InvalidInstanceID.NotFound", "instance ID"),
        1000,
        false,
        "reservationSet",
        this::shown,
        shown -> shown.instance().id(),
        new Filters<>(filters(), shown -> shown.instance().tags()),
        this::reservation);
  }

  private List<Shown> shown() {
    List<NetworkInterface> all = account.listInterfaces(conditions.settings().describeLagMillis());
    return account.listInstances().stream()
        .map(
            instance ->
                new Shown(
                    instance, all.stream().filter(eni -> eni.isAttachedTo(instance.id())).toList()))
        .toList();
  }

  private Map<String, Function<Shown, Stream<String>>> filters() {
    return Map.ofEntries(
        Map.entry("instance-id", s -> Stream.of(s.instance().id())),
        Map.entry("instance-type", s -> Stream.of(s.instance().type())),
        Map.entry("instance-state-name", s -> Stream.of(s.instance().state().ec2Name())),
        Map.entry(
            "instance-state-code", s -> Stream.of(String.valueOf(s.instance().state().code()))),
        Map.entry("availability-zone", s -> Stream.of(s.instance().zone())),
        Map.entry("subnet-id", s -> Stream.of(s.instance().subnetId())),
        Map.entry("vpc-id", s -> Stream.of(account.vpc().id())),
        Map.entry("owner-id", s -> Stream.of(account.id())),
        Map.entry(
            "private-ip-address",
            s -> s.primary().stream().map(eni -> eni.primaryAddress().toString())),
        Map.entry(
            "private-dns-name",
            s -> s.primary().stream().map(eni -> interfaceXml.dnsName(eni.primaryAddress()))),
        Map.entry(
            "network-interface.network-interface-id",
            s -> s.interfaces().stream().map(NetworkInterface::id)),
        Map.entry(
            "network-interface.addresses.private-ip-address",
            s ->
                s.interfaces().stream().flatMap(e -> e.addresses().stream()).map(Object::toString)),
        Map.entry(
            "instance.group-id",
            s -> s.primary().stream().flatMap(eni -> eni.securityGroupIds().stream())));
  }

  private void reservation(Xml xml, Shown shown) {
    xml.text("reservationId", "r" + shown.instance().id().substring(1))
        .text("ownerId", account.id())
        .items("groupSet", Set.of(), (item, none) -> {})
        .items("instancesSet", List.of(shown), this::instance);
  }

  private void instance(Xml xml, Shown shown) {
    Instance instance = shown.instance();
    xml.text("instanceId", instance.id())
        .text("imageId", "ami-0a00000000000001a")
        .element("instanceState", s -> state(s, instance.state()))
        .text("amiLaunchIndex", 0)
        .text("instanceType", instance.type())
        .time("launchTime", instance.launchTime())
        .element(
            "placement",
            p -> p.text("availabilityZone", instance.zone()).text("tenancy", "default"))
        .element("monitoring", m -> m.text("state", "disabled"))
        .text("architecture", "x86_64")
        .text("rootDeviceType", "ebs")
        .text("virtualizationType", "hvm")
        .text("hypervisor", "xen");
    if (instance.state() == InstanceState.TERMINATED) {
      xml.tags(instance.tags());
      return;
    }
    shown
        .primary()
        .ifPresent(
            eni -> {
              xml.text("subnetId", eni.subnetId())
                  .text("vpcId", eni.vpcId())
                  .text("privateIpAddress", eni.primaryAddress())
                  .text("privateDnsName", interfaceXml.dnsName(eni.primaryAddress()))
                  .text("sourceDestCheck", eni.sourceDestCheck());
              interfaceXml.groups(xml, eni.securityGroupIds());
            });
    xml.items("networkInterfaceSet", shown.interfaces(), interfaceXml::writeOfInstance)
        .tags(instance.tags());
  }

  private static void state(Xml xml, InstanceState state) {
    xml.text("code", state.code()).text("name", state.ec2Name());
  }
}
