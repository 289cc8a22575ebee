/**
 * The weather over the simulated AWS: delays, throttling, injected faults, outages; and the log of
 * calls made under it.
 *
 * <p>Everything may be read and changed by any thread while the simulator runs.
 */
@org.jspecify.annotations.NullMarked
package io.millpond.simulator.conditions;
