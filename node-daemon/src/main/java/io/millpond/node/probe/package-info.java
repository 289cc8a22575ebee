/**
 * How a process of millpond's is, told to the kubelet's probes over a Unix socket of its container.
 * The other end is {@code src/main/c/probe.c}. Nothing here decides how the process is.
 */
@NullMarked
package io.millpond.node.probe;

import org.jspecify.annotations.NullMarked;
