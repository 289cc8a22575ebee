/**
 * What one node does for the whole cluster: it is elected by a lease ({@link
 * io.millpond.node.cleaner.Election}), deletes the ENIs that ended instances left behind ({@link
 * io.millpond.node.cleaner.EniSweep}), and does other duties that are given to it.
 *
 * <p>Nothing here is urgent, and 2,000 nodes stand for election: so candidates look at the lease
 * rarely and at random times. Every duty must bear that two nodes do it at once, because no lease
 * can rule that out; none may be done by a node that knows that its lease has ended.
 */
@NullMarked
package io.millpond.node.cleaner;

import org.jspecify.annotations.NullMarked;
