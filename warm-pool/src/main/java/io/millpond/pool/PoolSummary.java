package io.millpond.pool;

/**
 * How many ENIs and addresses there are; the six address states add up to {@link #total}.
 *
 * @param enis ENIs, leaving ones included
 * @param incoming addresses that actions in flight will bring (not part of the total)
 * @param waiting requests in the queue
 * @param expected pods bound to the node that have not asked yet
 */
public record PoolSummary(
    int enis,
    int owned,
    int cooling,
    int quarantined,
    int frozen,
    int leaving,
    int free,
    int incoming,
    int waiting,
    int expected) {
  /** All addresses. */
  public int total() {
    return owned + cooling + quarantined + frozen + leaving + free;
  }
}
