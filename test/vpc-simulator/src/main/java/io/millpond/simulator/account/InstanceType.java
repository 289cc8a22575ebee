package io.millpond.simulator.account;

import java.util.List;

/**
 * The network limits of an instance type.
 *
 * @param maxInterfaces over all network cards
 * @param ipv4PerInterface address slots of an interface, its primary address included
 * @param interfacesPerCard one figure for each network card
 * @param defaultCard the card that is meant when none is named
 */
public record InstanceType(
    String name,
    int maxInterfaces,
    int ipv4PerInterface,
    List<Integer> interfacesPerCard,
    int defaultCard,
    String hypervisor,
    boolean bareMetal) {
  public InstanceType {
    interfacesPerCard = List.copyOf(interfacesPerCard);
  }

  /** Whether an interface can have /28 prefixes: on Nitro and on bare metal. */
  public boolean takesPrefixes() {
    return bareMetal || hypervisor.equals("nitro");
  }
}
