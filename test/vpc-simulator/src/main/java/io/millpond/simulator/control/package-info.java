/**
 * The control API: reads and changes the conditions, the account and the log of calls over HTTP and
 * JSON. The module's README.md documents it.
 */
@org.jspecify.annotations.NullMarked
package io.millpond.simulator.control;
