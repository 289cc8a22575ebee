/**
 * What the simulated account holds: VPC, subnets, security groups, instances, network interfaces.
 *
 * <p>The records are immutable values, safe for use by any thread; a change makes a new record.
 * Nothing here knows HTTP, XML or Linux.
 */
@org.jspecify.annotations.NullMarked
package io.millpond.simulator.model;
