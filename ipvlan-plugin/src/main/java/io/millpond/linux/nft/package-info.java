/**
 * nf_tables, through libnftables inside this process. A context acts in the namespace of the thread
 * that made it.
 */
@org.jspecify.annotations.NullMarked
package io.millpond.linux.nft;
