/**
 * The warm pool's decisions: which addresses a node has, who holds them, which to give out, and
 * what to ask of EC2 so that enough are ready and not too many.
 *
 * <p>A functional core. {@link io.millpond.pool.PoolState} is an immutable value; a {@link
 * io.millpond.pool.PoolEvent} turns one state into the next; {@link io.millpond.pool.Planner}
 * derives actions from a state, a policy and the time. No I/O, no clock, no randomness, no thread:
 * all comes in as a parameter. Any thread may read any of it; one thread applies the events.
 *
 * <p>The caller's loop: apply the event, apply {@code Tick}, serve the waiters, plan; apply {@code
 * Ordered} for every action that is started, and report how it ended as an event.
 */
@org.jspecify.annotations.NullMarked
package io.millpond.pool;
