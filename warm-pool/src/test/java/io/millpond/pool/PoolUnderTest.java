package io.millpond.pool;

import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.PoolName;
import java.util.List;

/** The pool as the properties see it. */
interface PoolUnderTest {
  /** As it is. */
  PoolUnderTest REAL = new PoolUnderTest() {};

  default PoolState apply(PoolState state, PoolEvent event) {
    return state.apply(event);
  }

  default List<PoolAction> plan(PoolState state, PoolPolicy policy, BootTime now) {
    return Planner.plan(state, policy, now);
  }

  default PoolState.Allocation request(
      PoolState state, AttachmentKey key, PoolName name, PoolPolicy policy, BootTime now) {
    return state.request(key, name, policy, now);
  }
}
