/** Tests of the netlink codec. */
@org.jspecify.annotations.NullMarked
package io.millpond.linux.netlink;
