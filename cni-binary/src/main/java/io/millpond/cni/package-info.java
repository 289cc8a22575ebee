/**
 * The CNI boundary: frames of the plugin, requests, results and errors in the form of every version
 * of the specification from 0.1.0 to 1.1.0. Pure: no I/O, no threads; all types are immutable. A
 * wrong input ends in a {@link io.millpond.cni.CniError}, never in another exception.
 */
@org.jspecify.annotations.NullMarked
package io.millpond.cni;
