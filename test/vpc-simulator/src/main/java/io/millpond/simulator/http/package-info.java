/**
 * The HTTP server under EC2, IMDS and the control API, which can fail as a whole on demand.
 *
 * <p>Each request runs on a virtual thread of its own.
 */
@org.jspecify.annotations.NullMarked
package io.millpond.simulator.http;
