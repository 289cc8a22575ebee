/**
 * The pool at work: one thread applies events to the pool's state in the order in which they come,
 * answers those who wait for an address, and hands planned actions to a runner. Everybody else
 * reads the published snapshot.
 */
@NullMarked
package io.millpond.node.warm;

import org.jspecify.annotations.NullMarked;
