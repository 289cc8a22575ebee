/**
 * The packets of the VPC: what makes links appear in instances and carries frames between them.
 *
 * <p>{@link io.millpond.simulator.fabric.Fabric} is called by one thread only, in the order in
 * which the account's state changed.
 */
@org.jspecify.annotations.NullMarked
package io.millpond.simulator.fabric;
