/**
 * The simulated account and EC2's rules about it: what may be created, attached, assigned, and in
 * which state; the errors otherwise; what happens later by itself.
 *
 * <p>{@link io.millpond.simulator.account.Account} is the entry; any thread may use it. One lock
 * guards the state. The fabric is called by one thread of its own, never under the lock.
 */
@org.jspecify.annotations.NullMarked
package io.millpond.simulator.account;
