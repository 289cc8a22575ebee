package io.millpond.simulator.fabric;

import io.millpond.simulator.model.Cidr;
import io.millpond.simulator.model.Ipv4;
import io.millpond.simulator.model.Subnet;
import io.millpond.simulator.model.Vpc;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What of the network is there from the start, before any instance. Plain hosts of the VPC are
 * instances and come by {@link Fabric#instanceStarted} and {@link Fabric#attach}.
 *
 * @param namespace the network namespace of the VPC itself, in which the simulator's process runs
 */
public record FabricLayout(
    String namespace,
    Vpc vpc,
    List<Subnet> subnets,
    @Nullable InternetHost internet,
    @Nullable OnPremisesHost onPremises) {
  public FabricLayout {
    subnets = List.copyOf(subnets);
  }

  /**
   * A public host, reached through the internet gateway with an MTU of 1500.
   *
   * @param name also the name of its network namespace
   */
  public record InternetHost(String name, Ipv4 address) {}

  /**
   * A host behind a gateway without address translation.
   *
   * @param name also the name of its network namespace
   * @param network the network on premises, which holds the address
   */
  public record OnPremisesHost(String name, Ipv4 address, Cidr network) {
    public OnPremisesHost {
      if (!network.contains(address)) {
        throw new IllegalArgumentException(
            "the host on premises, " + address + ", is not in its network " + network);
      }
    }
  }
}
