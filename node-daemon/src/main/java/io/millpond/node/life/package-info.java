/**
 * The daemon's life: taking the lock, learning from kernel and EC2 what there is, serving, caring
 * for what was built, handing over to a successor, stopping.
 */
@NullMarked
package io.millpond.node.life;

import org.jspecify.annotations.NullMarked;
