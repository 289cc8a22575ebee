package io.millpond.simulator.imds;

import io.millpond.simulator.account.Account;
import io.millpond.simulator.conditions.Conditions;
import io.millpond.simulator.model.Attachment;
import io.millpond.simulator.model.Instance;
import io.millpond.simulator.model.Ipv4;
import io.millpond.simulator.model.NetworkInterface;
import io.millpond.simulator.model.SecurityGroup;
import io.millpond.simulator.model.Subnet;
import java.time.Clock;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.stream.Collectors;

/** What IMDS says about an instance. Any thread may use it. */
public final class Metadata {
  private static final String ROLE = "node-role";
  private static final String META = "latest/meta-data/";

  private final Account account;
  private final Conditions conditions;
  private final Clock clock;

  /** By instance id: texts put over the instance's own, empty to take a path away. */
  private final ConcurrentMap<String, ConcurrentMap<String, String>> overlays =
      new ConcurrentHashMap<>();

  public Metadata(Account account, Conditions conditions, Clock clock) {
    this.account = account;
    this.conditions = conditions;
    this.clock = clock;
  }

  /**
   * Puts a text over what an instance's IMDS says, such as {@code
   * latest/meta-data/spot/instance-action}.
   *
   * @param text empty: the path answers 404
   */
  public void overlay(String instanceId, String path, String text) {
    overlays
        .computeIfAbsent(instanceId, id -> new ConcurrentHashMap<>())
        .put(path.replaceFirst("^/+", ""), text);
  }

  /** Takes back every {@link #overlay} of an instance. */
  public void clearOverlays(String instanceId) {
    overlays.remove(instanceId);
  }

  /** The text at a path, or the listing of the directory there. */
  Optional<String> read(Instance instance, String path) {
    List<NetworkInterface> interfaces = visible(instance);
    Tree tree = new Tree();
    interfaces.stream()
        .filter(eni -> deviceIndex(eni) == 0)
        .findFirst()
        .ifPresent(primary -> instanceItself(tree, instance, primary));
    interfaces.forEach(eni -> oneInterface(tree, eni));
    overlays
        .getOrDefault(instance.id(), new ConcurrentHashMap<>())
        .forEach(
            (overlaid, text) -> {
              if (text.isEmpty()) {
                tree.remove(overlaid);
              } else {
                tree.put(overlaid, text);
              }
            });
    return tree.read(path);
  }

  /**
   * The interfaces that have a link by now, as they were before the lag, primary first. An instance
   * younger than the lag is shown as it was launched, not as nothing.
   */
  private List<NetworkInterface> visible(Instance instance) {
    List<NetworkInterface> seen = visible(instance, conditions.settings().imdsLagMillis());
    boolean young = seen.stream().noneMatch(eni -> deviceIndex(eni) == 0);
    return young
        ? visible(instance, 0).stream().filter(eni -> deviceIndex(eni) == 0).toList()
        : seen;
  }

  private List<NetworkInterface> visible(Instance instance, long lagMillis) {
    return account.listInterfaces(lagMillis).stream()
        .filter(eni -> eni.isAttachedTo(instance.id()))
        .filter(
            eni ->
                eni.attachment() != null && eni.attachment().state() != Attachment.State.ATTACHING)
        .sorted(Comparator.comparingInt(Metadata::deviceIndex))
        .toList();
  }

  private static int deviceIndex(NetworkInterface eni) {
    Attachment attachment = eni.attachment();
    return attachment == null ? Integer.MAX_VALUE : attachment.deviceIndex();
  }

  private void instanceItself(Tree tree, Instance instance, NetworkInterface primary) {
    String hostname = hostname(primary.primaryAddress());
    tree.put(META + "ami-id", "ami-0a00000000000001a")
        .put(META + "hostname", hostname)
        .put(META + "instance-id", instance.id())
        .put(META + "instance-life-cycle", "on-demand")
        .put(META + "instance-type", instance.type())
        .put(META + "local-hostname", hostname)
        .put(META + "local-ipv4", primary.primaryAddress().toString())
        .put(META + "mac", primary.mac())
        .put(META + "placement/availability-zone", instance.zone())
        .put(META + "placement/region", account.region())
        .put(META + "reservation-id", "r" + instance.id().substring(1))
        .put(META + "security-groups", names(primary.securityGroupIds()))
        .put(META + "services/domain", "amazonaws.com")
        .put(META + "services/partition", "aws")
        .put(META + "autoscaling/target-lifecycle-state", "InService")
        .put(META + "iam/info", InstanceDocuments.iamInfo(instance, account.id(), ROLE))
        .put(
            META + "iam/security-credentials/" + ROLE,
            InstanceDocuments.credentials(instance, clock.instant()))
        .put(
            "latest/dynamic/instance-identity/document",
            InstanceDocuments.identity(
                instance, primary.primaryAddress(), account.id(), account.region()));
  }

  private void oneInterface(Tree tree, NetworkInterface eni) {
    String base = META + "network/interfaces/macs/" + eni.mac() + "/";
    Attachment attachment = eni.attachment();
    if (attachment == null) {
      return;
    }
    tree.put(base + "device-number", Integer.toString(attachment.deviceIndex()))
        .put(base + "interface-id", eni.id())
        .put(base + "local-hostname", hostname(eni.primaryAddress()))
        .put(base + "local-ipv4s", lines(eni.addresses()))
        .put(base + "mac", eni.mac())
        .put(base + "owner-id", account.id())
        .put(base + "security-group-ids", lines(eni.securityGroupIds()))
        .put(base + "security-groups", names(eni.securityGroupIds()))
        .put(base + "subnet-id", eni.subnetId())
        .put(base + "vpc-id", eni.vpcId())
        .put(base + "vpc-ipv4-cidr-block", account.vpc().cidr().toString())
        .put(base + "vpc-ipv4-cidr-blocks", account.vpc().cidr().toString());
    account.listSubnets().stream()
        .filter(subnet -> subnet.id().equals(eni.subnetId()))
        .map(Subnet::cidr)
        .forEach(cidr -> tree.put(base + "subnet-ipv4-cidr-block", cidr.toString()));
    if (!eni.prefixes().isEmpty()) {
      tree.put(base + "ipv4-prefix", lines(eni.prefixes()));
    }
    if (attachment.networkCard() > 0) {
      tree.put(base + "network-card", Integer.toString(attachment.networkCard()));
    }
  }

  private String names(List<String> groupIds) {
    Map<String, String> names =
        account.listGroups().stream()
            .collect(Collectors.toMap(SecurityGroup::id, SecurityGroup::name));
    return lines(groupIds.stream().map(id -> names.getOrDefault(id, id)).toList());
  }

  private String hostname(Ipv4 address) {
    return "ip-"
        + address.toString().replace('.', '-')
        + "."
        + account.region()
        + ".compute.internal";
  }

  private static String lines(Collection<?> values) {
    return values.stream().map(Object::toString).collect(Collectors.joining("\n"));
  }
}
