/**
 * The rules of CNI that the daemon keeps: runtimes of every kind at a daemon over the model of a
 * kernel, and daemons that break one rule each, which the tests must notice.
 */
@org.jspecify.annotations.NullMarked
package io.millpond.node.conformance;
