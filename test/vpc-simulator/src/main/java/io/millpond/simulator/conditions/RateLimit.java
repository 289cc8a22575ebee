package io.millpond.simulator.conditions;

/**
 * The size of a token bucket.
 *
 * @param capacity tokens in a full bucket, at least 1
 * @param refillPerSecond tokens that come back each second, 0 or more
 */
public record RateLimit(double capacity, double refillPerSecond) {
  public RateLimit {
    if (!(capacity >= 1) || !(refillPerSecond >= 0) || capacity > 1e9 || refillPerSecond > 1e9) {
      throw new IllegalArgumentException(
          "a bucket holds at least 1 token and refills by 0 or more a second, not "
              + capacity
              + " and "
              + refillPerSecond);
    }
  }
}
