package io.millpond.pool;

import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.EniId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Makes place for an ENI that pods wait for when the instance can have no more: an ENI of another
 * pool on which nothing is in use or resting goes at once, be it kept warm or not yet given back.
 * With one pool there is nothing to do.
 */
final class Displacement {
  private Displacement() {}

  /**
   * @param planned what else is about to be ordered
   * @param id of the first action
   */
  static List<PoolAction> plan(
      PoolState state, List<PoolView> pools, List<PoolAction> planned, long id, BootTime now) {
    int lacking = 0;
    for (PoolView pool : pools) {
      lacking += pool.held(PoolAction.Kind.CREATE_ENI, now) ? 0 : Growth.places(pool);
    }
    if (lacking == 0) {
      return List.of();
    }
    lacking -= Growth.freePlaces(pools.getFirst()) + releases(state, planned);
    List<PoolAction> plan = new ArrayList<>();
    List<PoolView> givers = new ArrayList<>(pools);
    givers.removeIf(pool -> pool.held(PoolAction.Kind.RELEASE_ENI, now));
    for (PoolEni eni : candidates(state, givers, planned)) {
      if (plan.size() < lacking) {
        plan.add(new PoolAction.ReleaseEni(id++, eni.pool(), eni.id()));
      }
    }
    return plan;
  }

  private static int releases(PoolState state, Collection<PoolAction> planned) {
    return (int)
        Stream.concat(inFlight(state), planned.stream())
            .filter(action -> action.kind() == PoolAction.Kind.RELEASE_ENI)
            .count();
  }

  private static Stream<PoolAction> inFlight(PoolState state) {
    return state.inFlight().values().stream().map(PoolState.InFlight::action);
  }

  /**
   * Places for ENIs that others would make, or are making, for a pool that pods wait for.
   *
   * @param pools all of them
   */
  static int placesFrom(PoolState state, List<PoolView> pools, PoolView wanting) {
    List<PoolView> others = new ArrayList<>(pools);
    others.removeIf(pool -> pool.name().equals(wanting.name()));
    long leaving =
        inFlight(state)
            .filter(action -> action.kind() == PoolAction.Kind.RELEASE_ENI)
            .filter(action -> !action.pool().equals(wanting.name()))
            .count();
    return (int) leaving + candidates(state, others, List.of()).size();
  }

  /** The ENIs that can go while all who wait for their pools' addresses are served. */
  private static List<PoolEni> candidates(
      PoolState state, List<PoolView> givers, Collection<PoolAction> planned) {
    if (!state.verified()) {
      return List.of();
    }
    Set<EniId> changing =
        Stream.concat(inFlight(state), planned.stream())
            .map(Displacement::eni)
            .flatMap(Stream::ofNullable)
            .collect(Collectors.toSet());
    List<PoolEni> candidates = new ArrayList<>();
    for (PoolView pool : givers) {
      WarmTargets.Stock stock = pool.stock();
      int spare = stock.usable() - pool.incoming() - stock.demand();
      for (PoolEni eni : pool.enis()) {
        int size = eni.addresses().size();
        if (Shrinkage.releasable(eni) && !changing.contains(eni.id()) && size <= spare) {
          candidates.add(eni);
          spare -= eni.serves(pool.policy()) ? size : 0;
        }
      }
    }
    candidates.sort(
        Comparator.comparingInt((PoolEni eni) -> eni.addresses().size())
            .thenComparing(PoolEni::id, Comparator.reverseOrder()));
    return candidates;
  }

  private static @Nullable EniId eni(PoolAction action) {
    return switch (action) {
      case PoolAction.CreateEni _ -> null;
      case PoolAction.AssignAddresses assign -> assign.eni();
      case PoolAction.UnassignAddresses unassign -> unassign.eni();
      case PoolAction.ReleaseEni release -> release.eni();
      case PoolAction.Probe probe -> probe.eni();
    };
  }
}
