/**
 * millpond as its users run it: the simulator's VPC, a daemon for each node, the plugin, and pods
 * that talk. Runs on a kernel with IPvlan, as root, in namespaces that the tests make and remove.
 */
@org.jspecify.annotations.NullMarked
package io.millpond.e2e;
