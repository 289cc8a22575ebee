/**
 * Threads of the daemon: how they end, and the one that accepts connections. Knows nothing of what
 * is done on them.
 */
@NullMarked
package io.millpond.node.threads;

import org.jspecify.annotations.NullMarked;
