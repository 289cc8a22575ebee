/** How the daemon's threads end. Knows nothing of what they do. */
@NullMarked
package io.millpond.node.threads;

import org.jspecify.annotations.NullMarked;
