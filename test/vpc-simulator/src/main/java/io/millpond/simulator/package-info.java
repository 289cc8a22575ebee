/**
 * An AWS that fits in a laptop: EC2's Query API, IMDS and, with a fabric, the VPC itself.
 *
 * <p>{@link io.millpond.simulator.Simulator} starts it in process; {@link
 * io.millpond.simulator.VpcSimulator} is the program. All public types may be used by any thread.
 */
@org.jspecify.annotations.NullMarked
package io.millpond.simulator;
