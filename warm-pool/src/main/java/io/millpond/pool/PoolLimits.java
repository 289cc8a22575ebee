package io.millpond.pool;

/**
 * What the instance type allows.
 *
 * @param maxEnis ENIs that may be attached, the primary included, 1 to 256
 * @param ipv4PerEni IPv4 addresses of an ENI, its own included, 1 to 256
 */
public record PoolLimits(int maxEnis, int ipv4PerEni) {
  /**
   * @throws IllegalArgumentException if a number is out of range
   */
  public PoolLimits {
    if (maxEnis < 1 || maxEnis > 128 || ipv4PerEni < 1 || ipv4PerEni > 256) {
      throw new IllegalArgumentException(
          "1 to 128 ENIs with 1 to 256 addresses each, not " + maxEnis + " × " + ipv4PerEni);
    }
  }

  /** Addresses that an ENI offers to pods: all but its own. */
  public int slotsPerEni() {
    return ipv4PerEni - 1;
  }
}
