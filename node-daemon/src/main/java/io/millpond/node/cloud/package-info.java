/**
 * EC2 as the daemon uses it: a narrow port that {@code io.millpond.eni} implements, and the work
 * that the pool orders. The port's methods block; the work runs on threads of its own, those for
 * waiting pods first.
 */
@NullMarked
package io.millpond.node.cloud;

import org.jspecify.annotations.NullMarked;
