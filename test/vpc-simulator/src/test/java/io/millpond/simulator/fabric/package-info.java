/**
 * Tests of the fabric. Those tagged {@code root} build it on the running kernel and send real
 * packets through it, within namespaces of their own.
 */
@org.jspecify.annotations.NullMarked
package io.millpond.simulator.fabric;
