package io.millpond.pool;

import io.millpond.pool.AllocationResult.Refused;
import java.util.ArrayList;
import java.util.List;

/** Why waiting for an address cannot help, and what can. */
final class Refusal {
  private Refusal() {}

  static Refused of(PoolView pool, PoolSummary sum) {
    String who = pool.name().isDefault() ? "the node" : "pool " + pool.name();
    String why =
        sum.enis() == 0
            ? who + " has no ENI, and no place is left for one" + others(pool)
            : who
                + " has no address left: "
                + sum.owned()
                + " in use, "
                + sum.quarantined()
                + " quarantined, "
                + sum.frozen()
                + " frozen, "
                + sum.cooling()
                + " cooling for those who asked earlier, and no ENI or slot is left to add more"
                + others(pool);
    return new Refused(why, remedy(pool));
  }

  /** Who else has ENIs. */
  private static String others(PoolView pool) {
    List<String> holders = new ArrayList<>();
    for (var name : pool.state().pools()) {
      int enis = pool.state().summary(name).enis();
      if (!name.equals(pool.name()) && enis > 0) {
        holders.add(enis + " in pool " + name);
      }
    }
    return holders.isEmpty()
        ? ""
        : " (of at most "
            + Math.min(pool.state().limits().maxEnis(), pool.policy().maxEni())
            + " ENIs "
            + String.join(", ", holders)
            + ", none of them unused)";
  }

  private static String remedy(PoolView pool) {
    boolean alone = pool.state().pools().size() == 1;
    return alone
        ? "run fewer pods on this node (kubelet's maxPods), raise MAX_ENI if it is set, or use a"
            + " larger instance type"
        : "run fewer pods on this node (an ENI of another pool makes place once nothing of it is in use or resting), raise"
            + " MAX_ENI if it is set, or use a larger instance type";
  }
}
