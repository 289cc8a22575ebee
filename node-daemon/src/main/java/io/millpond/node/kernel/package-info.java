/**
 * The kernel as the daemon uses it: narrow ports that {@code io.millpond.linux} implements on a
 * node and a model implements in tests. Implementations are safe for any thread; every method
 * blocks until the kernel has answered.
 */
@NullMarked
package io.millpond.node.kernel;

import org.jspecify.annotations.NullMarked;
