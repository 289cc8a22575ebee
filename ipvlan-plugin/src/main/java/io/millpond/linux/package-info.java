/** Access to the C library and the clock of the kernel. Thread-safe. */
@org.jspecify.annotations.NullMarked
package io.millpond.linux;
