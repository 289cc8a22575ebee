/** Holds the module structure of {@code docs/design.md} against the compiled code. */
@org.jspecify.annotations.NullMarked
package io.millpond.architecture;
