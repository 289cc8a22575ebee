/**
 * What is done for a pod: ADD, DEL, CHECK, GC and STATUS, in terms of the pool and the kernel's
 * ports, without the CNI boundary's types. Requests for one attachment happen one after the other
 * ({@link io.millpond.node.pods.KeyLanes}); those for different ones at the same time, each on its
 * caller's thread.
 */
@NullMarked
package io.millpond.node.pods;

import org.jspecify.annotations.NullMarked;
