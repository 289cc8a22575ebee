/**
 * What the daemon writes for people and machines: JSON lines on stderr, each with the fields {@code
 * ts level msg req pod cid eni ip err} where they are known. The context of a line is that of the
 * thread ({@link io.millpond.node.log.LogContext}), or given with the line itself. Safe for any
 * thread.
 */
@NullMarked
package io.millpond.node.log;

import org.jspecify.annotations.NullMarked;
