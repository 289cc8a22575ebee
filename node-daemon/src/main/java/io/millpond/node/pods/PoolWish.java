package io.millpond.node.pods;

import io.millpond.pool.value.PoolName;
import java.util.Optional;

/**
 * What a network's configuration says of the pool that its addresses come from.
 *
 * @param pool the key {@code pool}
 * @param subnet the key {@code subnet}
 */
public record PoolWish(Optional<PoolName> pool, Optional<String> subnet) {
  /** Nothing: the default pool. */
  public static final PoolWish NONE = new PoolWish(Optional.empty(), Optional.empty());
}
