/**
 * The administrator's socket: {@code millpond-ctl} asks, and a standby waits there for the
 * listening socket of the daemon before it. One request and one answer a connection, each a 32-bit
 * big-endian length and that many octets of UTF-8.
 */
@NullMarked
package io.millpond.node.admin;

import org.jspecify.annotations.NullMarked;
