/**
 * The cluster's API server: how it is reached ({@link io.millpond.node.kubernetes.Cluster}), what
 * it says of the node's pods, and what it is told.
 *
 * <p>Nothing that serves pods waits for it: it may be away, slow or wrong, and then pods are served
 * as on a node without it. Objects are read into small records of ours; fabric8's models and
 * informers would cost tens of megabytes. Its HTTP client is shared by all, speaks HTTP/1.1 (a
 * connection that hangs must not take the others along, and the JDK's HTTP/2 has no ping), tries
 * nothing again by itself, and gives up a request after ten seconds.
 */
@NullMarked
package io.millpond.node.kubernetes;

import org.jspecify.annotations.NullMarked;
