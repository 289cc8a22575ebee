/**
 * Pods on IPvlan: attach, detach, check, and what the kernel remembers of them. The order of the
 * steps is such that a process killed between any two leaves something that the next start
 * recognises and undoes.
 *
 * <p>Everything here acts in the network namespace of the process (the node's) and, for a request,
 * in the pod's. Calls block for milliseconds. Calls about different attachments may run at the same
 * time; calls about the same one may not.
 */
@org.jspecify.annotations.NullMarked
package io.millpond.linux.datapath;
