/**
 * Unix sockets with descriptors and credentials, file locks, and the check of a namespace's
 * descriptor. Nothing here waits beyond the deadline it was given.
 */
@org.jspecify.annotations.NullMarked
package io.millpond.linux.unix;
