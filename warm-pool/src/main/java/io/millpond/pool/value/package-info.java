/**
 * The small values that every part of millpond shares: which attachment, which ENI, which address.
 *
 * <p>All types are immutable, validated when made (downstream code never checks again), ordered
 * where an order is useful, and safe for use by any thread. Nothing here does I/O or knows of
 * Linux, EC2 or CNI.
 */
@org.jspecify.annotations.NullMarked
package io.millpond.pool.value;
