/** Tests of the datapath. Those tagged {@code vm} need root and a kernel with ipvlan. */
@org.jspecify.annotations.NullMarked
package io.millpond.linux.datapath;
