/** A kernel and an EC2 for tests of the daemon: models in memory, with faults on demand. */
@NullMarked
package io.millpond.node.testing;

import org.jspecify.annotations.NullMarked;
