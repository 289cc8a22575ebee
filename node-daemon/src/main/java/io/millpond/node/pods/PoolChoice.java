package io.millpond.node.pods;

import io.millpond.node.settings.Settings.NamedPool;
import io.millpond.pool.value.PoolName;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Which of the node's pools a network's configuration means. Immutable. */
final class PoolChoice {
  private final Map<PoolName, NamedPool> pools;

  PoolChoice(Map<PoolName, NamedPool> pools) {
    this.pools = new TreeMap<>(pools);
  }

  /** The answer. */
  sealed interface Choice {}

  /** That pool. */
  record Chosen(PoolName pool) implements Choice {}

  /** None. */
  record NoSuchPool(String what, String remedy) implements Choice {}

  Choice of(PoolWish wish) {
    if (wish.pool().isPresent()) {
      return named(wish.pool().get(), wish.subnet());
    }
    return wish.subnet().map(this::ofSubnet).orElseGet(() -> new Chosen(PoolName.DEFAULT));
  }

  private Choice named(PoolName name, Optional<String> subnet) {
    if (!name.isDefault() && !pools.containsKey(name)) {
      return new NoSuchPool(
          "this node has no pool \"" + name + "\" (key pool of the network's configuration)",
          "name one of its pools ("
              + known()
              + "), or add it to pools in the daemon's settings and restart the daemon");
    }
    List<String> subnets = subnets(name);
    if (subnet.isPresent() && !subnets.equals(List.of(subnet.get()))) {
      return new NoSuchPool(
          "pool \"%s\" is not exactly %s (keys pool and subnet of the network's configuration)"
              .formatted(name, subnet.get()),
          "leave one of the two keys out; its subnets are "
              + (subnets.isEmpty() ? "the node's own" : String.join(", ", subnets)));
    }
    return new Chosen(name);
  }

  private List<String> subnets(PoolName name) {
    NamedPool pool = pools.get(name);
    return pool == null ? List.of() : pool.subnets();
  }

  /** A configured pool of exactly that subnet, else one that needs no configuration. */
  private Choice ofSubnet(String subnet) {
    List<PoolName> exact =
        pools.keySet().stream().filter(name -> subnets(name).equals(List.of(subnet))).toList();
    if (exact.size() > 1) {
      return new NoSuchPool(
          "several pools are exactly %s (key subnet of the network's configuration)"
              .formatted(subnet),
          "name one of them with the key pool: " + names(exact));
    }
    return new Chosen(exact.isEmpty() ? new PoolName(subnet) : exact.getFirst());
  }

  private String known() {
    return names(Stream.concat(Stream.of(PoolName.DEFAULT), pools.keySet().stream()).toList());
  }

  private static String names(List<PoolName> names) {
    return names.stream().map(PoolName::value).collect(Collectors.joining(", "));
  }
}
