/**
 * The socket on which plugins ask: connections are accepted on one thread, bounded in number, each
 * served on a thread of its own with deadlines for every step, so that no client can hold the
 * daemon up. What a verb means is in {@code pods}; here it is only translated from and to the CNI
 * boundary's types.
 */
@NullMarked
package io.millpond.node.cniserver;

import org.jspecify.annotations.NullMarked;
