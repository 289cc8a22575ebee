/**
 * The instance metadata service, version 2: a token first, then paths.
 *
 * <p>What it says of interfaces lags behind EC2 by as much as is set.
 */
@org.jspecify.annotations.NullMarked
package io.millpond.simulator.imds;
