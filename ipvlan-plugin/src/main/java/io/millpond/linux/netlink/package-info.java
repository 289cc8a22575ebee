/**
 * rtnetlink: sockets and messages. A {@link io.millpond.linux.netlink.NetlinkSocket} belongs to the
 * network namespace in which it was opened and may then be used from any thread, by one thread at a
 * time.
 */
@org.jspecify.annotations.NullMarked
package io.millpond.linux.netlink;
