package io.millpond.pool;

import java.util.OptionalInt;

/**
 * The arithmetic of the warm targets. Names and meaning are those of the AWS VPC CNI, except that a
 * shortage is computed from the addresses that are usable now: there, cooling ones count as warm.
 */
public final class WarmTargets {
  /** Addresses in a delegated prefix. */
  public static final int PREFIX_SIZE = 16;

  private WarmTargets() {}

  /**
   * Addresses to add under the IP targets.
   *
   * @param usable addresses that a pod could have now, less those that are spoken for; may be
   *     negative
   * @param total all addresses
   */
  public static int shortByAddress(
      OptionalInt warmIp, OptionalInt minimumIp, int usable, int total) {
    return Math.max(0, Math.max(warmIp.orElse(0) - usable, minimumIp.orElse(0) - total));
  }

  /**
   * Addresses that may be given back under the IP targets.
   *
   * @param available total less assigned, cooling ones included
   */
  public static int overByAddress(
      OptionalInt warmIp, OptionalInt minimumIp, int available, int total) {
    int beyondWarm = Math.max(available - warmIp.orElse(0), 0);
    return Math.max(0, Math.min(beyondWarm, total - minimumIp.orElse(0)));
  }

  /** Addresses missing to WARM_ENI_TARGET ENIs' worth of usable ones. */
  public static int shortByEni(int warmEni, int slotsPerEni, int usable) {
    return Math.max(0, slotsPerEni * warmEni - usable);
  }

  /** Prefixes to add for a shortage of addresses. */
  public static int shortByPrefix(int shortAddresses) {
    return Math.ceilDiv(shortAddresses, PREFIX_SIZE);
  }

  /** Prefixes to add for WARM_PREFIX_TARGET: while fewer than that many prefixes' worth is free. */
  public static int shortByWarmPrefix(int warmPrefix, int usable) {
    return Math.ceilDiv(Math.max(0, PREFIX_SIZE * warmPrefix - usable), PREFIX_SIZE);
  }

  /** Prefixes that may be given back under the IP targets. */
  public static int overByPrefix(
      OptionalInt warmIp, OptionalInt minimumIp, int freePrefixes, int prefixes, int assigned) {
    int beyondWarm = prefixes - Math.ceilDiv(assigned + warmIp.orElse(0), PREFIX_SIZE);
    int beyondMinimum = prefixes - Math.ceilDiv(minimumIp.orElse(0), PREFIX_SIZE);
    return Math.max(0, Math.min(freePrefixes, Math.min(beyondWarm, beyondMinimum)));
  }

  /** Addresses missing under the policy, the waiting and expected pods served first. */
  static int shortage(PoolPolicy policy, int slotsPerEni, Stock stock) {
    int usable = stock.usable() - stock.demand();
    int forTarget =
        policy.byAddress()
            ? shortByAddress(policy.warmIpTarget(), policy.minimumIpTarget(), usable, stock.total())
            : shortByEni(policy.warmEniTarget(), slotsPerEni, usable);
    return Math.max(forTarget, -usable);
  }

  /**
   * What the targets look at.
   *
   * @param total all addresses but leaving ones, those in flight included
   * @param available total less assigned
   * @param usable present and free, those in flight included
   * @param demand pods that wait or are expected
   */
  record Stock(int total, int available, int usable, int demand) {
    static Stock of(PoolView pool) {
      int total = pool.incoming();
      int assigned = 0;
      int usable = total;
      for (PoolEni eni : pool.enis()) {
        for (PoolAddress address : eni.addresses().values()) {
          if (address.state() instanceof AddressState.Leaving || eni.leaving()) {
            continue;
          }
          total++;
          if (address.assigned()) {
            assigned++;
          } else if (address.usable() && eni.serves(pool.policy())) {
            usable++;
          }
        }
      }
      int expected = pool.name().isDefault() ? pool.state().expected().pods() : 0;
      return new Stock(total, total - assigned, usable, pool.waiters().size() + expected);
    }

    Stock without(int free) {
      return new Stock(total - free, available - free, usable - free, demand);
    }
  }
}
