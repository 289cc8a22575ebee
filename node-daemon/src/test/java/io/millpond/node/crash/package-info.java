/**
 * A fault at every step that a daemon takes: the steps are recorded, and each is made to fail in a
 * run of its own.
 */
@NullMarked
package io.millpond.node.crash;

import org.jspecify.annotations.NullMarked;
