/** Throttling by the clock. */
@org.jspecify.annotations.NullMarked
package io.millpond.simulator.conditions;
